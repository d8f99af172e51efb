/** How weights are stored, as a hub's file names say it; the best for a personal card first. */
export const DTYPES = ['q4f16', 'q4', 'int8', 'fp16', 'fp32'] as const;
export type Dtype = (typeof DTYPES)[number];
