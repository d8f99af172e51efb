/** Data folders of earlier versions open with everything in them; a newer one, and one in use, are left alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import type { Results } from '../../../electron/contract.ts';
import { Database } from '../../../electron/services/database.ts';
import { failuresAsData } from '../../../electron/services/migrations/0002-failures.ts';
import { policiesAsPlans } from '../../../electron/services/migrations/0003-plans.ts';
import { MIGRATIONS } from '../../../electron/services/migrations/migrations.ts';
import { wordsFor } from '../../../engine/words/words.ts';
import { temporaryFolder } from '../../integration/command.ts';
import { idleApp } from './idle-app.ts';
import { databaseOfVersion, dataOfVersion010 } from './old-data.ts';

const opened: { close(): void }[] = [];
const closing = <Each extends { close(): void }>(each: Each): Each => {
  opened.push(each);
  return each;
};
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

const rows = (sqlite: DatabaseSync, sql: string) => sqlite.prepare(sql).all() as Record<string, string>[];
const answersIn = (sqlite: DatabaseSync) =>
  rows(sqlite, 'SELECT answers FROM turns ORDER BY asked').flatMap(
    ({ answers }) => JSON.parse(answers ?? '') as Record<string, unknown>[],
  );
const sqliteOf = (folder: string) => closing(new DatabaseSync(join(folder, 'proxima.sqlite')));
const versionOf = (folder: string) => rows(sqliteOf(folder), 'PRAGMA user_version')[0]?.user_version;

describe('a data folder of version 0.1.0', () => {
  it('opens with documents, conversations, settings and models complete', async () => {
    const folder = dataOfVersion010();
    const app = closing(idleApp(folder));
    const { documents, settings } = await app.handlers.getState({});
    expect(documents.map(({ name, state, pages, tokens }) => [name, state, pages, tokens])).toEqual([
      ['broken.pdf', 'failed', 0, null],
      ['locked.pdf', 'locked', 0, null],
      ['two-pages.pdf', 'stored', 2, 40],
      ['harbour-letter.md', 'stored', 1, 77],
    ]);
    expect(settings).toMatchObject({
      model: 'someone--reader-fp32',
      maxAnswerTokens: 128,
      memoryMebibytes: 512,
      threads: 1,
    });
    const letter = documents.find(({ name }) => name === 'harbour-letter.md')?.id ?? '';
    expect((await app.handlers.getPages({ document: letter }))[0]?.text).toContain('Maren Holt');
    expect(readFileSync(app.fileOf(letter), 'utf8')).toContain('4,210 crowns');
    const { models, downloads } = await app.handlers.listModels({});
    expect(models.map(({ name, own, verdict }) => [name, own, verdict]).slice(1)).toEqual([
      ['someone--reader-fp32', true, 'supported'],
      ['reader', false, 'supported'],
    ]);
    expect(downloads).toMatchObject([{ repository: 'onnx-community/Qwen3-0.6B-ONNX', dtype: 'q4', state: 'paused' }]);
  });

  it('keeps every turn, and says what failed in the words that were said then', async () => {
    const app = closing(idleApp(dataOfVersion010()));
    const { documents } = await app.handlers.getState({});
    const turns: Results['getConversation']['turns'][number][] = [];
    for (const { id } of documents)
      for (const { id: conversation } of await app.handlers.listConversations({ document: id }))
        turns.push(...(await app.handlers.getConversation({ conversation })).turns);
    const told = turns.map(({ question, answers }) => [question, answers.map(({ state, text }) => [state, text])]);
    expect(Object.fromEntries(told)).toEqual({
      'Who is the lighthouse keeper of Skerry Point?': [
        ['done', 'The document does not say.'],
        ['done', 'The document does not say.'],
      ],
      'How much did the repair cost?': [['done', '4,210 crown']],
      'When does the supply ship come?': [['stopped', '']],
      'What is the code of the depot?': [['done', 'The document does not say.']],
      'What does it say?': [['failed', '']],
      'Is this under way?': [['stopped', '']],
    });
    const broken = documents.find(({ name }) => name === 'broken.pdf')?.failure;
    const failed = turns.find(({ question }) => question === 'What does it say?')?.answers[0]?.failure;
    for (const failure of [broken, failed])
      expect(failure && wordsFor(failure, 'app')).toEqual({
        cause: 'The PDF is damaged: Invalid PDF structure.',
        wayOut: 'Get it again, or print it to a new PDF from another viewer.',
      });
  });
});

describe('each step', () => {
  it('1: makes the tables in an empty folder, and the same ones as from any version before', () => {
    const schema = (folder: string) => rows(sqliteOf(folder), 'SELECT name, sql FROM sqlite_schema ORDER BY name');
    const fresh = temporaryFolder();
    closing(new Database(fresh));
    expect(versionOf(fresh)).toBe(MIGRATIONS.length);
    for (const version of [1, 2, 3]) {
      const folder = databaseOfVersion(version);
      closing(new Database(folder));
      expect([versionOf(folder), schema(folder)]).toEqual([MIGRATIONS.length, schema(fresh)]);
    }
  });

  it('2: failures in words become failures as data, and those that are data stay', () => {
    const sqlite = sqliteOf(databaseOfVersion(1));
    const before = answersIn(sqlite);
    const newer = { code: 'engine-lost', detail: { reason: 'x' } };
    sqlite.prepare("UPDATE documents SET failure = ? WHERE name = 'two-pages.pdf'").run(JSON.stringify(newer));
    sqlite.prepare("UPDATE documents SET failure = 'damaged' WHERE name = 'harbour-letter.md'").run();
    failuresAsData(sqlite);
    const failures = rows(sqlite, 'SELECT name, failure FROM documents');
    expect(Object.fromEntries(failures.map(({ name, failure }) => [name, failure]))).toEqual({
      'harbour-letter.md': 'damaged',
      'two-pages.pdf': JSON.stringify(newer),
      'locked.pdf':
        '{"code":"told-earlier","detail":{"message":"The PDF is encrypted.","wayOut":"Give its password."}}',
      'broken.pdf': expect.stringContaining('"code":"told-earlier"'),
    });
    const withoutFailure = ({ failure, ...answer }: Record<string, unknown>) => answer;
    expect(answersIn(sqlite).map(withoutFailure)).toEqual(before.map(withoutFailure));
    expect(answersIn(sqlite).flatMap(({ failure }) => failure ?? [])).toMatchObject([
      { code: 'told-earlier', detail: { message: 'The PDF is damaged: Invalid PDF structure.' } },
    ]);
  });

  it('3: answers name the plan that they were given under, and so do the settings', () => {
    const sqlite = sqliteOf(databaseOfVersion(2));
    const before = answersIn(sqlite);
    policiesAsPlans(sqlite);
    const after = answersIn(sqlite);
    expect(after.map(({ plan }) => plan)).toEqual(before.map(({ policy }) => policy));
    expect(new Set(after.map(({ plan }) => plan))).toEqual(new Set(['dense', 'pod']));
    expect(after.map(({ plan, ...rest }) => rest)).toEqual(before.map(({ policy, ...rest }) => rest));
    expect(rows(sqlite, "SELECT name, value FROM settings WHERE name IN ('plan', 'policy')")).toEqual([
      { name: 'plan', value: '"dense"' },
    ]);
  });
});

describe('the database', () => {
  it('of a newer version is refused and stays as it is, byte by byte', () => {
    const folder = databaseOfVersion(1);
    const file = join(folder, 'proxima.sqlite');
    const sqlite = new DatabaseSync(file);
    sqlite.exec(`PRAGMA journal_mode = DELETE; PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    sqlite.close();
    const before = readFileSync(file);
    expect(() => new Database(folder)).toThrow(
      expect.objectContaining({
        code: 'storage-newer',
        detail: { found: MIGRATIONS.length + 1, known: MIGRATIONS.length },
      }),
    );
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('undoes a step that fails, so that it can be tried again', () => {
    const folder = databaseOfVersion(2);
    const sqlite = sqliteOf(folder);
    sqlite.exec("CREATE TRIGGER stops BEFORE UPDATE ON settings BEGIN SELECT RAISE(ABORT, 'not now'); END");
    const before = answersIn(sqlite);
    expect(() => new Database(folder)).toThrow(/storage-failed/);
    expect([versionOf(folder), answersIn(sqlite)]).toEqual([2, before]);
    sqlite.exec('DROP TRIGGER stops');
    closing(new Database(folder));
    expect(versionOf(folder)).toBe(MIGRATIONS.length);
  });

  it('that another Proxima is writing to says so', () => {
    const folder = databaseOfVersion(1);
    const other = sqliteOf(folder);
    other.exec('BEGIN IMMEDIATE');
    expect(() => new Database(folder, 50)).toThrow(
      expect.objectContaining({
        code: 'storage-failed',
        detail: { what: '', reason: 'another running Proxima is using the data folder' },
      }),
    );
    other.exec('ROLLBACK');
    const database = closing(new Database(folder, 50));
    other.exec('BEGIN IMMEDIATE');
    expect(() => database.run('DELETE FROM settings')).toThrow(/another running Proxima/);
  });
});
