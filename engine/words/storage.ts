/** Words for what can be wrong with disks, downloads and what is kept. */
import { count } from './amounts.ts';
import type { WordsOf } from './wording.ts';

type StorageCode =
  | 'download-denied'
  | 'download-missing'
  | 'dtype-missing'
  | 'download-failed'
  | 'download-damaged'
  | 'hub-unreachable'
  | 'storage-full'
  | 'storage-read-only'
  | 'storage-failed'
  | 'storage-newer'
  | 'entry-missing';

const ENTRIES = {
  document: 'That document',
  conversation: 'That conversation',
  download: 'That download',
  model: 'That model',
} as const;

export const storageWords: WordsOf<StorageCode> = {
  'download-denied': ({ file, status }) => ({
    cause: `The server does not give ${file} to everyone (${status}).`,
    wayOut: "Accept the model's terms on its page and give an access token.",
  }),
  'download-missing': ({ file, status }) => ({
    cause: `The server has no ${file} (${status}).`,
    wayOut: 'Choose another dtype or repository.',
  }),
  'dtype-missing': ({ dtype, choices }) => ({
    cause: `The repository has no graph as ${dtype}.`,
    wayOut: choices.length === 0 ? 'Choose a repository with an onnx folder.' : `Choose one of ${choices.join(', ')}.`,
  }),
  'download-failed': ({ what, reason }) => ({
    cause: `${what} could not be downloaded: ${reason}.`,
    wayOut: 'Check the connection and resume the download; nothing that has arrived is lost.',
  }),
  'download-damaged': ({ file }) => ({
    cause: `${file} arrived different from what its server says it is.`,
    wayOut: 'Try again later, or use another mirror.',
  }),
  'hub-unreachable': ({ endpoint, reason }) => ({
    cause: `${endpoint} can't be reached: ${reason}.`,
    wayOut: 'Check the connection, or set HF_ENDPOINT to a mirror.',
  }),
  'storage-full': ({ what, neededBytes, freeBytes }) => ({
    cause:
      neededBytes === null || freeBytes === null
        ? `There is no room left on the disk${what === '' ? '' : ` for ${what}`}; nothing that was kept before is lost.`
        : `There is no room left on the disk for ${what}: ${count(neededBytes)} bytes are needed, ${count(freeBytes)} are free.`,
    wayOut: 'Free some space on that disk and try again.',
  }),
  'storage-read-only': (_, front) => ({
    cause: "Proxima can't write to its data folder.",
    wayOut: `Choose a folder that may be written to${front === 'terminal' ? ' (--data)' : ''}, or change the permissions of this one.`,
  }),
  'storage-failed': ({ what, reason }) => ({
    cause: `${what === '' ? 'The data' : what} can't be stored: ${reason}.`,
    wayOut: 'Check the disk, then try again.',
  }),
  'storage-newer': () => ({
    cause: 'The data folder was written by a newer version of Proxima.',
    wayOut: 'Update Proxima, or choose another data folder.',
  }),
  'entry-missing': ({ what, name }, front) => ({
    cause: name === '' ? `${ENTRIES[what]} is no longer there.` : `There is no ${what} ${name}.`,
    wayOut:
      front === 'terminal' && what === 'model'
        ? 'See which there are with npm run models -- list.'
        : 'It may have been removed in another window.',
  }),
};
