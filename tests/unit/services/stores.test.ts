/** What is kept: conversations and their turns, settings, and the failures of a disk. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TurnAnswer } from '../../../electron/contract.ts';
import { answerCall } from '../../../electron/services/calls.ts';
import { ConversationStore } from '../../../electron/services/conversations.ts';
import { Database } from '../../../electron/services/database.ts';
import { DocumentStore } from '../../../electron/services/document-store.ts';
import { DEFAULT_SETTINGS, SettingsStore } from '../../../electron/services/settings.ts';
import { documentOf } from '../../../engine/documents/document.ts';
import { ProximaError } from '../../../engine/errors.ts';
import { temporaryFolder } from '../../integration/command.ts';

const answer = (text: string, state: TurnAnswer['state'] = 'done'): TurnAnswer => ({
  plan: 'pod',
  state,
  text,
  pages: [],
  closest: [],
  confidence: null,
  firstTokenSeconds: null,
  tokensPerSecond: null,
  memory: null,
  pagesRead: null,
  tokensRead: null,
  progress: null,
  failure: null,
});

let folder: string;
let database: Database;
let documents: DocumentStore;
let conversations: ConversationStore;
let document: string;

beforeEach(async () => {
  folder = temporaryFolder();
  database = new Database(folder);
  documents = new DocumentStore(database, folder);
  conversations = new ConversationStore(database);
  document = '00000000-0000-4000-8000-000000000000';
  await documents.add(document, 'a.txt', Readable.from(['The weather was fair.']));
});

describe('documents', () => {
  it('are kept with their text, and gone whole when they are removed', () => {
    const pages = [
      { number: 1, text: 'one' },
      { number: 2, text: '' },
    ];
    documents.keepPages(
      document,
      documentOf(pages, { title: ' Fair weather ', notes: [{ code: 'pages-without-text', pages: [2] }] }),
    );
    const again = new DocumentStore(new Database(folder), folder);
    expect(again.get(document)).toMatchObject({ title: 'Fair weather', state: 'stored', pages: 2, bytes: 21 });
    expect(again.pages(document)).toEqual(pages);
    conversations.create(document);
    documents.remove(document);
    expect(() => documents.get(document)).toThrow(ProximaError);
    expect(conversations.list(document)).toEqual([]);
    expect(documents.pages(document)).toEqual([]);
  });

  it('leave nothing behind when their file breaks off', async () => {
    const broken = Readable.from(
      (async function* () {
        yield 'half';
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      })(),
    );
    const other = '00000000-0000-4000-8000-000000000001';
    await expect(documents.add(other, 'b.txt', broken)).rejects.toMatchObject({ code: 'storage-full' });
    expect(documents.list().map(({ id }) => id)).toEqual([document]);
  });
});

describe('conversations', () => {
  it('take their title from the first question, and keep turns in order', () => {
    const { id } = conversations.create(document);
    conversations.addTurn(id, 'Who was there?', [answer('Nobody.')]);
    conversations.addTurn(id, 'Why?', [answer('It rained.')]);
    expect(conversations.get(id).title).toBe('Who was there?');
    expect(conversations.turns(id).map(({ question }) => question)).toEqual(['Who was there?', 'Why?']);
  });

  it('lose the turns after one that is asked in other words', () => {
    const { id } = conversations.create(document);
    const first = conversations.addTurn(id, 'Who?', [answer('Nobody.')]);
    const second = conversations.addTurn(id, 'Why?', [answer('Rain.')]);
    const { turn, removed } = conversations.replaceTurn(first.id, 'Who else?', [answer('')]);
    expect([turn.question, removed]).toEqual(['Who else?', [second.id]]);
    expect(conversations.turns(id)).toHaveLength(1);
  });

  it('end what was under way, and keep what had been said', () => {
    const { id } = conversations.create(document);
    const { id: turn } = conversations.addTurn(id, 'Who?', [answer('Nob', 'answering')]);
    new ConversationStore(new Database(folder)).endUnfinished();
    expect(conversations.turn(turn).answers[0]).toMatchObject({ state: 'stopped', text: 'Nob' });
  });

  it('are found by what was said, whatever signs are in it, and not by how it is stored', () => {
    const { id } = conversations.create(document);
    conversations.addTurn(id, 'How much?', [answer('It is 100 % of_it, "all".')]);
    expect(conversations.search('100 % of_it, "all"')).toHaveLength(1);
    expect(conversations.search('100 X of')).toHaveLength(0);
    expect(conversations.search('tokensPerSecond')).toHaveLength(0);
    expect(conversations.search('  ')).toHaveLength(0);
  });
});

describe('settings', () => {
  it('are kept, and fall back to what is built in where they are damaged', () => {
    const settings = new SettingsStore(database);
    expect(settings.change({ threads: 3, plan: 'dense' })).toEqual({
      ...DEFAULT_SETTINGS,
      threads: 3,
      plan: 'dense',
    });
    database.run("UPDATE settings SET value = '\"many\"' WHERE name = 'threads'");
    expect(settings.get()).toEqual(DEFAULT_SETTINGS);
  });
});

describe('the database', () => {
  it('undoes a transaction that fails', () => {
    expect(() =>
      database.transaction(() => {
        conversations.create(document);
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(conversations.list(document)).toEqual([]);
  });

  it('says when there is no room left, and keeps what was there', () => {
    const { page_count: pages } = database.one<{ page_count: number }>('PRAGMA page_count') ?? { page_count: 0 };
    database.all(`PRAGMA max_page_count = ${pages}`);
    const fill = () => {
      for (let turn = 0; turn < 2000; turn++) conversations.create(document);
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'storage-full' }));
    expect(documents.get(document).name).toBe('a.txt');
  });

  it('names a folder that may not be written to, a file that is none of its own, and a newer version', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => new Database(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'storage-failed' }));
    expect(() => new Database(join(folder, 'file', 'below'))).toThrow(
      expect.objectContaining({ code: 'storage-read-only' }),
    );
    database.run('PRAGMA user_version = 99');
    expect(() => new Database(folder)).toThrow(/storage-newer/);
  });
});

describe('calls', () => {
  it('reach no handler when they are unknown or malformed', async () => {
    const handlers = new Proxy({}, { get: () => () => expect.unreachable() }) as never;
    for (const [name, parameters] of [
      ['constructor', {}],
      ['getPages', {}],
      ['ask', { conversation: document, question: 7, compare: false }],
      ['read', { document, pages: { first: 0, last: 1 } }],
      [undefined, undefined],
    ]) {
      expect(await answerCall(handlers, name, parameters)).toMatchObject({ failure: { code: 'request-invalid' } });
    }
  });
});
