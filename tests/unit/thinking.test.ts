import { expect, it } from 'vitest';
import { openedThinking, splitThinking, THINKING_TOKENS } from '../../engine/thinking.ts';

it('takes what was thought apart from what is answered', () => {
  expect(splitThinking('<think>\nPage 3 says so.\n</think>\n\nIt is 42.')).toEqual({
    thinking: 'Page 3 says so.',
    answer: 'It is 42.',
  });
  expect(splitThinking('<think>\n\n</think>\n\nIt is 42.')).toEqual({ thinking: '', answer: 'It is 42.' });
});

it('takes all of it for thinking as long as the block is open', () =>
  expect(splitThinking('<think>Page 3')).toEqual({ thinking: 'Page 3', answer: '' }));

it('leaves answers alone that only speak of it', () => {
  const answer = 'The tag is <think>, closed by </think>.';
  expect(splitThinking(answer)).toEqual({ thinking: null, answer });
});

it.each([
  ['<seed:think>Hm.</seed:think>Yes.'],
  ['[THINK]Hm.[/THINK]Yes.'],
  ['<thinking>\nHm.\n</thinking>\n\nYes.'],
  ['<think>Hm.</think><response>Yes.</response>'],
  ['<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>'],
  ['<|channel>thought\nHm.\n<channel|>Yes.'],
  ['<|channel|>analysis<|message|>Hm.<|start|>assistant<|channel|>final<|message|>Yes.'],
  ['<|think|>Hm.<|begin|>assistant<|content|>Yes.'],
  [' to=self<|message|>Hm.<|start|>assistant to=user<|message|>Yes.'],
  ['Here are my reasoning steps:\nHm.\n[BEGIN FINAL RESPONSE]\nYes.\n[END FINAL RESPONSE]'],
])('folds what other models think: %s', (text) =>
  expect(splitThinking(text)).toEqual({ thinking: 'Hm.', answer: 'Yes.' }),
);

it.each([
  ['<|channel|>final<|message|>Yes.'],
  ['<|content|>Yes.'],
  [' to=user<|message|>Yes.'],
  ['<|START_RESPONSE|>Yes.<|END_RESPONSE|>'],
  ['Yes.<|END_RESPONSE|>'],
])('takes off what stands around an answer without thinking: %s', (text) =>
  expect(splitThinking(text)).toEqual({ thinking: null, answer: 'Yes.' }),
);

it('shows an answer that begins like a plain form of thinking, as long as nothing closes it', () => {
  const answer = 'Here are my reasoning steps: first, page 3.';
  expect(splitThinking(answer)).toEqual({ thinking: null, answer });
});

it('folds as it comes: no piece of an answer is shown before its block is closed', () => {
  const text = '<|channel|>analysis<|message|>Hm.<|start|>assistant<|channel|>final<|message|>Yes.';
  const begun = text.indexOf('Hm.');
  for (let end = begun; end < text.indexOf('Yes.'); end++) expect(splitThinking(text.slice(0, end)).answer).toBe('');
});

it.each([
  ['assistant\n<think>\n', '<think>\n'],
  ['[/INST][THINK]', '[THINK]'],
  ['<|begin_assistant|>\nHere are my reasoning steps:\n', 'Here are my reasoning steps:\n'],
  ['<think>\n\n</think>\n\n', ''],
  ['<|channel>thought\n<channel|>', ''],
  ['<|im_start|>assistant\n', ''],
])('knows what a template has opened: %j', (template, opened) => expect(openedThinking(template)).toBe(opened));

it('has every token of its marks shown, and no token that ends a message', () => {
  for (const token of ['<think>', '</seed:think>', '[THINK]', '<|channel|>', '<channel|>', '<|END_RESPONSE|>'])
    expect(THINKING_TOKENS).toContain(token);
  for (const token of ['<|end|>', '<|eom|>', '<|im_end|>']) expect(THINKING_TOKENS).not.toContain(token);
});
