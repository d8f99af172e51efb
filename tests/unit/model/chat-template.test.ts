import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openModelFolder } from '../../../engine/folders/node.ts';
import { readPromptLayout } from '../../../engine/model/chat-template.ts';
import { Tokenizer } from '../../../engine/model/tokenizer.ts';
import { READER, temporaryFolder } from '../../integration/command.ts';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const tokenizer = new Tokenizer(JSON.parse(readFileSync(join(READER, 'tokenizer.json'), 'utf8')), {});

async function layoutFor(template: string) {
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ chat_template: template, bos_token: '<s>' }));
  return readPromptLayout(await openModelFolder(folder), tokenizer);
}

const CHATML =
  "{% for m in messages %}{{ '[' + m['role'] + ']' + m['content'] + '[end]' }}{% endfor %}{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}";
const NO_SYSTEM = `{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}{{ bos_token }}${CHATML}`;

describe('chat templates', () => {
  it('puts the document into the system message', async () => {
    const layout = await layoutFor(CHATML);
    expect(tokenizer.decode(layout.beforeDocument)).toBe('[system]');
    expect(tokenizer.decode(layout.question([], 'Why?'))).toBe('[end][user]Why?[end][assistant]');
  });

  it('puts it in front of the first question where there is no system role', async () => {
    const layout = await layoutFor(NO_SYSTEM);
    expect(tokenizer.decode(layout.beforeDocument)).toBe('<s>[user]');
    const turns = [{ question: 'One?', answer: 'Yes.' }];
    expect(tokenizer.decode(layout.question(turns, 'Two?'))).toBe(
      '\n\nOne?[end][assistant]Yes.[end][user]Two?[end][assistant]',
    );
  });

  it('refuses a folder without a template', async () => {
    writeFileSync(join(folder, 'tokenizer_config.json'), '{}');
    await expect(readPromptLayout(await openModelFolder(folder), tokenizer)).rejects.toMatchObject({
      code: 'model-unsupported',
    });
  });
});
