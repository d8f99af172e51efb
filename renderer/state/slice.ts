/** A part of the screen's state: its values and what changes them. `Needs`: what it uses of other parts. */
export type Slice<Part, Needs = unknown> = (
  set: (change: Partial<Part> | ((state: Part & Needs) => Partial<Part>)) => void,
  get: () => Part & Needs,
) => Part;
