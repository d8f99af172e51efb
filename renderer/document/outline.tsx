/** The document's headings, as ways to their pages. */
import type { Heading } from '../../engine/documents/document.ts';
import { strings } from '../strings.ts';

interface OutlineProps {
  readonly outline: readonly Heading[];
  readonly onChoose: (page: number) => void;
}

export function Outline({ outline, onChoose }: OutlineProps) {
  return (
    <nav className="outline" aria-label={strings.document.outline}>
      <ul>
        {outline.map(({ title, page, level }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two headings may say the same, and their order is all they have.
          <li key={index} style={{ paddingInlineStart: `${Math.min(level - 1, 5) * 0.8}rem` }}>
            <button type="button" onClick={() => onChoose(page)}>
              <span>{title}</span> <span className="small quiet">{page}</span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
