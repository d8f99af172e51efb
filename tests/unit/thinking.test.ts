import { expect, it } from 'vitest';
import { splitThinking } from '../../engine/thinking.ts';

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
