import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openModelFolder } from '../../../engine/folders/node.ts';
import { type PromptLayout, readPromptLayout } from '../../../engine/model/chat-template.ts';
import { readTokenizer, StreamingText, type Tokenizer } from '../../../engine/model/tokenizer.ts';
import { READER } from '../../integration/command.ts';

let tokenizer: Tokenizer;
let layout: PromptLayout;
beforeAll(async () => {
  const folder = await openModelFolder(READER);
  tokenizer = await readTokenizer(folder, 8192);
  layout = await readPromptLayout(folder, tokenizer);
});

describe("the reader's tokenizer", () => {
  it('round-trips any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        (text) => tokenizer.decode(tokenizer.encodeText(text)) === text.toWellFormed(),
      ),
    );
  });

  it("keeps a special token's name in a document as plain text", () => {
    const ids = tokenizer.encodeText('before <|end|> after');
    expect(ids).not.toContain(tokenizer.tokenId('<|end|>'));
    expect(tokenizer.decode(ids)).toBe('before <|end|> after');
    expect(tokenizer.encodeTemplate('<|end|>')).toEqual([tokenizer.tokenId('<|end|>')]);
  });

  it('streams whole characters only', () => {
    const text = 'naïve 😀 – done';
    const streaming = new StreamingText(tokenizer);
    const pieces = tokenizer.encodeText(text).map((id) => streaming.push(id));
    expect(pieces.join('') + streaming.finish()).toBe(text);
    for (const piece of pieces) expect(piece).not.toContain('�');
  });
});

describe('the prompt layout', () => {
  it('is the conversation as the template writes it, texts set in', () => {
    const special = (name: string) => tokenizer.tokenId(name) ?? -1;
    expect(layout.beforeDocument).toEqual([special('<|begin|>')]);
    const ids = layout.question([{ question: 'First?', answer: 'One' }], 'Second?');
    expect(ids).toEqual([
      special('<|question|>'),
      ...tokenizer.encodeText(' First?'),
      special('<|answer|>'),
      ...tokenizer.encodeText(' One'),
      special('<|end|>'),
      special('<|question|>'),
      ...tokenizer.encodeText(' Second?'),
      special('<|answer|>'),
    ]);
  });
});
