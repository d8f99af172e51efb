/** A tagged page by its structure tree (PDF 32000-1, 14.7 and 14.8): headings, lists and tables as their author marked them. */
import type { Run } from '../layout/runs.ts';
import { toSegments } from '../layout/runs.ts';
import type { Cells } from '../layout/tables.ts';

/** As pdf.js gives it: a node with a role, or a leaf that names marked content. */
export interface StructureNode {
  readonly role?: string;
  readonly type?: string;
  readonly id?: string;
  readonly alt?: string;
  readonly children?: readonly StructureNode[];
}

export type TaggedItem =
  | { readonly kind: 'paragraph'; readonly lines: readonly string[]; readonly level: number; readonly height: number }
  | { readonly kind: 'table'; readonly cells: Cells };

const INLINE = new Set(
  'Span Link Em Strong Quote Reference Code Formula NonStruct Sub Ruby RB RT RP Warichu WT WP Annot BibEntry'.split(
    ' ',
  ),
);
/** Share of the page's marked letters that the tree must name to be believed. */
const COVERED = 0.95;
const DEEPEST = 64;

/** The page's items in the order of the tree; undefined where the tree does not name nearly all of the page's marked text. */
export function layOutTagged(
  tree: StructureNode,
  runs: readonly Run[],
): { items: TaggedItem[]; rest: Run[] } | undefined {
  const marked = new Map<string, Run[]>();
  for (const run of runs) {
    if (run.mark === undefined) continue;
    const same = marked.get(run.mark);
    if (same) same.push(run);
    else marked.set(run.mark, [run]);
  }
  const named = new Set(leaves(tree));
  const all = lettersOf(runs.filter(({ mark }) => mark !== undefined));
  if (all === 0 || lettersOf([...named].flatMap((id) => marked.get(id) ?? [])) < all * COVERED) return undefined;
  const rest = runs.filter(({ mark }) => mark === undefined || !named.has(mark));
  return { items: joinLabels(blocks(tree, marked, 0)), rest };
}

function lettersOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { text }) => sum + text.trim().length, 0);
}

function leaves(node: StructureNode, depth = 0): string[] {
  if (node.type === 'content' && node.id !== undefined) return [node.id];
  return depth > DEEPEST ? [] : (node.children ?? []).flatMap((child) => leaves(child, depth + 1));
}

type Marked = ReadonlyMap<string, readonly Run[]>;
type Block = TaggedItem & { readonly label?: boolean };

function blocks(node: StructureNode, marked: Marked, depth: number): Block[] {
  if (node.role === 'Table') return table(node, marked);
  if (depth > DEEPEST || isInline(node)) return paragraph(node, marked);
  const found: Block[] = [];
  let inline: StructureNode[] = [];
  const close = () => {
    found.push(...paragraph({ children: inline }, marked));
    inline = [];
  };
  for (const child of node.children ?? []) {
    if (isInline(child)) inline.push(child);
    else {
      close();
      found.push(...blocks(child, marked, depth + 1));
    }
  }
  close();
  return headingOf(node) > 0 ? mergeHeading(found, headingOf(node)) : asLabel(found, node);
}

function isInline({ type, role, children }: StructureNode): boolean {
  return type === 'content' || (role !== undefined && INLINE.has(role) && (children ?? []).every(isInline));
}

function headingOf({ role = '' }: StructureNode): number {
  if (role === 'Title' || role === 'H') return 1;
  return Number(/^H([1-6])$/.exec(role)?.[1] ?? 0);
}

function mergeHeading(found: readonly Block[], level: number): Block[] {
  return found.map((block) => (block.kind === 'paragraph' ? { ...block, level } : block));
}

function asLabel(found: readonly Block[], { role }: StructureNode): Block[] {
  return role === 'Lbl' ? found.map((block) => ({ ...block, label: true })) : [...found];
}

/** A list item's bullet or number goes before its text. */
function joinLabels(found: readonly Block[]): TaggedItem[] {
  const items: TaggedItem[] = [];
  let label: string[] = [];
  for (const block of found) {
    if (block.label && block.kind === 'paragraph') {
      label.push(...block.lines);
    } else if (block.kind === 'paragraph' && label.length > 0) {
      const [first = '', ...others] = block.lines;
      items.push({ ...block, lines: [[...label, first].join(' '), ...others] });
      label = [];
    } else items.push(block);
  }
  if (label.length > 0) items.push({ kind: 'paragraph', lines: label, level: 0, height: 0 });
  return items;
}

function paragraph(node: StructureNode, marked: Marked): Block[] {
  const segments = toSegments(leaves(node).flatMap((id) => marked.get(id) ?? []));
  const lines: string[] = [];
  let last: { y: number; right: number } | undefined;
  for (const segment of segments) {
    const same = last && Math.abs(last.y - segment.y) < segment.height * 0.5;
    if (same) lines.push(`${lines.pop()} ${segment.text}`);
    else lines.push(segment.text);
    last = segment;
  }
  const height = Math.max(0, ...segments.map((segment) => segment.height));
  return lines.length > 0 ? [{ kind: 'paragraph', lines, level: 0, height }] : [];
}

function table(node: StructureNode, marked: Marked): Block[] {
  const rows = descendants(node, 'TR').map((row) => (row.children ?? []).filter(isCell));
  const cells = rows
    .filter((row) => row.length > 0)
    .map((row) =>
      row.map((cell) =>
        paragraph(cell, marked)
          .flatMap((block) => (block.kind === 'paragraph' ? block.lines : []))
          .join('\n'),
      ),
    );
  const captions = descendants(node, 'Caption').flatMap((caption) => paragraph(caption, marked));
  const inside = new Set(rows.flat().flatMap((cell) => leaves(cell)));
  const named = new Set(descendants(node, 'Caption').flatMap((caption) => leaves(caption)));
  const others = leaves(node).filter((id) => !inside.has(id) && !named.has(id));
  const rest = paragraph({ children: others.map((id) => ({ type: 'content', id })) }, marked);
  return [...captions, ...(cells.length > 0 ? [{ kind: 'table' as const, cells }] : []), ...rest];
}

function isCell({ role }: StructureNode): boolean {
  return role === 'TD' || role === 'TH';
}

/** The nearest descendants of a role: rows of a table within a cell are that table's own. */
function descendants(node: StructureNode, role: string, depth = 0): StructureNode[] {
  if (depth > DEEPEST) return [];
  return (node.children ?? []).flatMap((child) =>
    child.role === role ? [child] : descendants(child, role, depth + 1),
  );
}
