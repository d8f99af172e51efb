import { expect, it } from 'vitest';
import { askedWords, sharedWords, standsIn, termOf } from '../../../engine/passages/words.ts';

it.each([
  ['Leases', 'lease'],
  ['RÉPARATIONS', 'reparation'],
  ['allowed', 'allow'],
  ['tenant’s', 'tenants'],
  ['its', 'its'],
])('compares %s and %s alike', (one, other) => {
  expect(termOf(one)).toBe(termOf(other));
});

it('leaves out what every question has', () => {
  expect(askedWords('What is the rent of the mill?')).toEqual(['rent', 'mill']);
  expect(askedWords('What is it?')).toEqual(['What', 'is', 'it']);
});

it('counts the words that a text shares with a question', () => {
  expect(sharedWords('What is the rent of the mill?', 'The mill was let.')).toBe(0.5);
  expect(sharedWords('', 'The mill was let.')).toBe(0);
});

it.each([
  ['1 March 1894', 'begins on 1 March\n1894.', true],
  ['ada thorne', 'by Ada Thorne, owner', true],
  ['dollar', '4 dollars', false],
  ['', 'anything', false],
])('says whether “%s” stands in “%s”', (phrase, text, stands) => {
  expect(standsIn(phrase, text)).toBe(stands);
});
