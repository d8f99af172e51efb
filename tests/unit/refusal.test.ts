import { expect, it } from 'vitest';
import { isRefusal } from '../../engine/refusal.ts';

it.each([
  'The document does not say.',
  'The provided text doesn’t mention the rent.',
  'The penalty is not specified in the contract.',
  'There is no information about pets.',
  'I cannot find the answer in this document.',
  'I don’t know.',
  'Das Dokument nennt keine Frist.',
  'Die Kaution ist nicht angegeben.',
  'Le document ne précise pas la date.',
  'El documento no menciona la fecha.',
  '文档中没有提到押金。',
])('takes “%s” for a refusal', (answer) => {
  expect(isRefusal(answer)).toBe(true);
});

it.each([
  '',
  'Not before 1 March.',
  'Heating is not included.',
  'The tenant does not pay for repairs.',
  'The landlord cannot raise the rent.',
  'No. Pets are not allowed.',
  'Der Mieter zahlt nicht für Reparaturen.',
  `The document does not say when it began. ${'It goes on at length about the works. '.repeat(8)}`,
])('takes “%s” for an answer', (answer) => {
  expect(isRefusal(answer)).toBe(false);
});
