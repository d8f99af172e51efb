/** What is to be known of a document beside its text; asked for anew when that was taken out anew. */
import { useEffect, useState } from 'react';
import type { DocumentDetails, DocumentEntry } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { attempt } from '../state/actions.ts';

/** Undefined until they are there. */
export function useDetails({ id, state, pages, scans }: DocumentEntry, changes = 0): DocumentDetails | undefined {
  const [details, setDetails] = useState<DocumentDetails>();
  const isThere = state === 'stored' || state === 'asking';
  // biome-ignore lint/correctness/useExhaustiveDependencies: other pages, or words recognised on them, have other details.
  useEffect(() => {
    if (!isThere) return;
    let current = true;
    void attempt(async () => {
      const found = await bridge.getDetails({ document: id });
      if (current) setDetails(found);
    });
    return () => {
      current = false;
    };
  }, [id, isThere, pages, scans.recognised, changes]);
  return isThere ? details : undefined;
}
