/** Says of a page that its words were recognised in a picture, and how surely. */
import { ScanText } from 'lucide-react';
import type { DocumentDetails } from '../../electron/contract.ts';
import { percent } from '../format.ts';
import { strings } from '../strings.ts';

interface RecognisedProps {
  readonly page: number;
  readonly details: DocumentDetails | undefined;
}

export function Recognised({ page, details }: RecognisedProps) {
  const found = details?.recognised.find((each) => each.page === page);
  if (!found) return null;
  return (
    <p className="recognised-note small" title={strings.document.recognisedHint} data-testid="recognised">
      <ScanText aria-hidden="true" /> {strings.document.recognised(percent(found.confidence))}
    </p>
  );
}
