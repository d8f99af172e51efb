/** Reads documents for the tests of hostile ones: in a process that may write nowhere, and tells what became of each and its memory. */
import { readDocument } from '../../engine/documents/read-document.ts';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { readBounded } from '../../engine/hosts/bounded-file.ts';
import { outliveStrayRejections } from '../../engine/hosts/stray-rejections.ts';

export interface Told {
  readonly name: string;
  readonly outcome: 'read' | 'warned' | 'refused' | 'fault';
  /** Whether a page has text. */
  readonly text: boolean;
  /** The failure, or what was thrown that is no failure of ours. */
  readonly why: string;
  readonly milliseconds: number;
  /** The most that the process has taken so far, in MiB. */
  readonly peakMebibytes: number;
}

outliveStrayRejections();
process.on('message', async ({ path, name, mostPages }: { path: string; name: string; mostPages: number }) => {
  const started = performance.now();
  const told = await read(path, name, mostPages);
  const peakMebibytes = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send?.({ name, ...told, milliseconds: performance.now() - started, peakMebibytes } satisfies Told);
});

async function read(path: string, name: string, mostPages: number): Promise<Pick<Told, 'outcome' | 'why' | 'text'>> {
  try {
    const { pages, notes } = await readDocument(await readBounded(path), name, {
      recognition: { mostPages },
      onProgress: () => process.send?.('progress'),
    });
    const said = notes.length > 0 || pages.some(({ text }) => text === '');
    const text = pages.some((page) => page.text !== '');
    return { outcome: said ? 'warned' : 'read', why: notes.map(({ code }) => code).join(), text };
  } catch (cause) {
    if (!(cause instanceof ProximaError))
      return { outcome: 'fault', why: String((cause as Error).stack ?? cause), text: false };
    return { outcome: 'refused', why: JSON.stringify(failureOf(cause)), text: false };
  }
}
