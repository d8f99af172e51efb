/** Bad input: one line that names the cause and the way out, an exit code, no stack trace. */
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ask, READER, ROOT, SAMPLE, temporaryFolder } from './command.ts';
import { makePdf } from './pdf-making.ts';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

function modelFolder(name: string): string {
  cpSync(READER, at(name), { recursive: true });
  return at(name);
}

async function expectRefusal(args: readonly string[], code: string, ...words: RegExp[]): Promise<void> {
  const outcome = await ask(args);
  expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
  expect(outcome.stderr).toContain(`[${code}]`);
  expect(outcome.stderr).not.toMatch(/\bat .*:\d+/);
  expect(outcome.stdout).toBe('');
  expect(outcome.code).toBe(1);
  for (const word of words) expect(outcome.stderr).toMatch(word);
}

const TEXT = 'The access code of Marsh Hall is 4471. It rained all day, and nobody went out.';

describe("documents that can't be read", () => {
  it('a missing file', () => expectRefusal([at('nothing.pdf'), 'Why?'], 'file-missing', /no file/, /Check the path/));

  it('a folder', () => expectRefusal([folder, 'Why?'], 'file-unreadable', /is not a file/));

  it('an empty file', () => expectRefusal([file('empty.pdf', ''), 'Why?'], 'file-empty', /0 bytes/));

  it('an encrypted PDF, and a wrong password; the right one opens it', async () => {
    await makePdf(at('locked.pdf'), (pdf) => pdf.text(TEXT), { userPassword: 'sesame', ownerPassword: 'owner' });
    await expectRefusal([at('locked.pdf'), 'Why?'], 'document-encrypted', /encrypted/, /--password/);
    await expectRefusal([at('locked.pdf'), 'Why?', '--password', 'wrong'], 'password-wrong', /does not open/);
    const outcome = await ask([
      at('locked.pdf'),
      'What is the access code of Marsh Hall?',
      '--password',
      'sesame',
      '--json',
    ]);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout).document).toMatchObject({ pages: 1, pagesRead: 1 });
  });

  it('a PDF of pictures', async () => {
    await makePdf(at('scan.pdf'), (pdf) => pdf.rect(50, 50, 300, 300).fill('grey'));
    await expectRefusal([at('scan.pdf'), 'Why?'], 'document-without-text', /scan/, /OCR/);
  });

  it('a PDF cut off near its start', () => {
    const path = file('cut.pdf', readFileSync(SAMPLE).subarray(0, 900));
    return expectRefusal([path, 'Why?'], 'document-damaged', /damaged/, /Get it again/);
  });

  it('a ZIP called .pdf', () => {
    const emptyArchive = Uint8Array.from([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]);
    return expectRefusal([file('archive.pdf', emptyArchive), 'Why?'], 'document-damaged', /called \.pdf but is none/);
  });

  it('a program', () => {
    const path = file('program.bin', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0]));
    return expectRefusal([path, 'Why?'], 'format-unknown', /PDF, Word, PowerPoint/);
  });
});

describe("models that can't be loaded", () => {
  const document = file('short.txt', TEXT);

  it('no folder', () =>
    expectRefusal([document, 'Why?', '--model', at('none')], 'model-missing', /none is not a model folder/));

  it('a folder that is no model', () =>
    expectRefusal([document, 'Why?', '--model', join(ROOT, 'assets/samples')], 'model-missing', /no config\.json/));

  it('a damaged graph', async () => {
    const model = modelFolder('damaged');
    truncateSync(join(model, 'onnx/model.onnx'), 1_000_000);
    await expectRefusal([document, 'Why?', '--model', model], 'model-damaged', /damaged/);
  });

  it('a graph of noise', async () => {
    const model = modelFolder('noise');
    writeFileSync(
      join(model, 'onnx/model.onnx'),
      Uint8Array.from({ length: 5000 }, (_, index) => (index * 37) % 251),
    );
    await expectRefusal([document, 'Why?', '--model', model], 'model-damaged', /damaged/);
  });

  it('missing external data', async () => {
    const model = modelFolder('external');
    const fixture = join(ROOT, 'tests/fixtures/parity/llama-external-data/onnx/model.onnx');
    cpSync(fixture, join(model, 'onnx/model.onnx'));
    await expectRefusal([document, 'Why?', '--model', model], 'model-data-missing', /model\.onnx_data/);
  });

  it('a tokenizer of another model', async () => {
    const model = modelFolder('tokenizer');
    const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
    writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, vocab_size: 4096 }));
    await expectRefusal([document, 'Why?', '--model', model], 'tokenizer-mismatch', /4,096/);
  });

  it('a tokenizer that is no tokenizer', async () => {
    const model = modelFolder('no-tokenizer');
    writeFileSync(join(model, 'tokenizer.json'), '{');
    await expectRefusal([document, 'Why?', '--model', model], 'model-damaged', /tokenizer\.json/);
  });

  it('a graph without attention nodes', async () => {
    const model = modelFolder('no-graph');
    rmSync(join(model, 'onnx'), { recursive: true });
    mkdirSync(join(model, 'onnx'));
    await expectRefusal([document, 'Why?', '--model', model], 'model-missing', /none of onnx/);
  });

  it('a plan for another model', async () => {
    const plan = { version: 1, leaders: [[0], [0]], sinks: 4, recent: 64, adapted: false, found: 'by hand' };
    const path = file('plan.json', JSON.stringify(plan));
    await expectRefusal([document, 'Why?', '--plan', path], 'plan-invalid', /2 layers, the model has 8/);
  });
});

describe('questions and options', () => {
  const document = file('question.txt', TEXT);

  it('an empty question', () => expectRefusal([document, '  '], 'question-empty', /question is empty/));
  it('no question', () => expectRefusal([document], 'question-empty', /QUESTION/));
  it('an unknown option', () => expectRefusal([document, 'Why?', '--colour'], 'option-invalid', /--colour/));
  it('a wrong number', () => expectRefusal([document, 'Why?', '--recent', 'many'], 'option-invalid', /whole number/));
  it('a wrong page range', () => expectRefusal([document, 'Why?', '--pages', '9-3'], 'option-invalid', /range/));
  it('pages that are not there', () =>
    expectRefusal([document, 'Why?', '--pages', '4-9'], 'page-range-invalid', /has 1/));
});

describe('documents that do not fit', () => {
  it('longer than the context: numbers and ways out, before reading', async () => {
    const long = file('long.txt', `${TEXT}\n\n`.repeat(4000));
    await expectRefusal(
      [long, 'Why?'],
      'document-too-long',
      /tokens on \d+ pages/,
      /64,512/,
      /--pages 1-\d+/,
      /--model/,
    );
  });

  it('longer than memory allows', () =>
    expectRefusal(
      [SAMPLE, 'Why?', '--policy', 'pod', '--memory', '200'],
      'memory-too-small',
      /200\.0 MiB are free/,
      /dense cache would take/,
      /--pages 1-\d+/,
    ));
});
