/** Text and values of an XFA form, from the tree that pdf.js makes of it. */
interface XfaNode {
  readonly name?: string;
  readonly value?: string;
  readonly attributes?: {
    readonly class?: unknown;
    readonly type?: string;
    readonly value?: unknown;
    readonly textContent?: unknown;
    readonly checked?: unknown;
    readonly selected?: unknown;
  };
  readonly children?: readonly (XfaNode | null | undefined)[];
}

const DEEPEST = 200;
const BLOCKS = new Set(['p', 'div', 'label', 'li', 'select']);

/** A line for each piece of text and each value, in the order of the form. */
export function xfaLines(tree: unknown): string[] {
  const lines: string[] = [''];
  collect(tree as XfaNode | null, lines, 0);
  return lines.map((line) => line.replace(/\s+/g, ' ').trim()).filter(Boolean);
}

function collect(node: XfaNode | null | undefined, lines: string[], depth: number): void {
  if (!node || depth > DEEPEST) return;
  if (isField(node)) {
    lines.push(lineOf(node, depth), '');
    return;
  }
  const block = node.name !== undefined && BLOCKS.has(node.name);
  if (block) lines.push('');
  const text = textOf(node);
  if (text !== '') lines[lines.length - 1] += text;
  for (const child of node.children ?? []) collect(child, lines, depth + 1);
  if (block || node.name === 'input' || node.name === 'textarea') lines.push('');
}

/** A field with its label. */
function isField({ attributes }: XfaNode): boolean {
  return Array.isArray(attributes?.class) && attributes.class.includes('xfaField');
}

function lineOf({ children = [] }: XfaNode, depth: number): string {
  const parts: string[] = [''];
  for (const child of children) collect(child, parts, depth + 1);
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .join(' ');
}

function textOf({ name, value, attributes = {} }: XfaNode): string {
  if (name === '#text') return value ?? '';
  if (name === 'option') return attributes.selected ? String(value ?? attributes.value ?? '') : '';
  if (name === 'textarea') return String(attributes.textContent ?? value ?? '');
  if (name !== 'input') return value ?? '';
  return inputText(attributes);
}

function inputText(attributes: NonNullable<XfaNode['attributes']>): string {
  if (attributes.type === 'checkbox' || attributes.type === 'radio') return attributes.checked ? '[x] ' : '[ ] ';
  return String(attributes.value ?? '');
}
