/**
 * node build/eval/foreign-questions.ts: the evaluation's facts on names and values that no generator of this project makes. They
 * are Faker's: people, towns and firms of twenty languages, random letters, and numbers as machines bear them. Writes
 * build/eval/foreign-questions.json, the same one at every run.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as faker from '@faker-js/faker';
import type { PlantedFact, Questions } from './documents.ts';

const SEED = 20261125;
const DOCUMENTS = 25;
/** Plans are chosen on these, and judged on the others. */
const DOCUMENTS_TO_CHOOSE_ON = 15;
const FACTS = 8;
const ABSENT = 2;
/** Languages written in Latin letters. */
const LANGUAGES = [
  ...[faker.fakerPL, faker.fakerCS_CZ, faker.fakerTR, faker.fakerVI, faker.fakerHU, faker.fakerRO, faker.fakerFI],
  ...[faker.fakerID_ID, faker.fakerHR, faker.fakerDE, faker.fakerNB_NO, faker.fakerSV, faker.fakerES, faker.fakerIT],
  ...[faker.fakerPT_BR, faker.fakerFR, faker.fakerNL, faker.fakerDA, faker.fakerLV, faker.fakerSK],
];

const machine = faker.fakerEN;
const language = () => machine.helpers.arrayElement(LANGUAGES);
const letters = (least: number, most: number) =>
  machine.string.alpha({ length: { min: least, max: most }, casing: 'upper' });
const person = () => ((tongue) => `${tongue.person.firstName()} ${tongue.person.lastName()}`)(language());
const town = () => language().location.city();

/** What the facts are about: the name as it stands in a sentence. */
const ENTITIES: readonly (() => string)[] = [
  person,
  () => `the ${language().person.lastName()} workshop`,
  () => `the ${town()} depot`,
  () => `the ${letters(4, 7)} machine`,
  () =>
    `Project ${machine.string.alpha({ length: { min: 5, max: 8 }, casing: 'lower' }).replace(/^./, (first) => first.toUpperCase())}`,
];

interface Attribute {
  readonly name: string;
  readonly kind: 'foreign name' | 'random letters' | 'serial number';
  readonly value: () => string;
}

/** What the reader was taught to look up. */
const ATTRIBUTES: readonly Attribute[] = [
  { name: 'owner', kind: 'foreign name', value: person },
  { name: 'manager', kind: 'foreign name', value: person },
  { name: 'deputy', kind: 'foreign name', value: person },
  { name: 'founder', kind: 'foreign name', value: person },
  { name: 'head office', kind: 'foreign name', value: town },
  { name: 'birthplace', kind: 'foreign name', value: town },
  { name: 'call sign', kind: 'random letters', value: () => letters(3, 5) },
  { name: 'password', kind: 'random letters', value: () => machine.string.alpha({ length: 6, casing: 'lower' }) },
  { name: 'code name', kind: 'random letters', value: () => machine.string.alpha({ length: 5, casing: 'mixed' }) },
  { name: 'reference number', kind: 'random letters', value: () => machine.airline.recordLocator() },
  { name: 'serial number', kind: 'serial number', value: () => machine.string.numeric({ length: { min: 6, max: 9 } }) },
  { name: 'part number', kind: 'serial number', value: () => machine.helpers.replaceSymbols('??-####') },
  { name: 'registration mark', kind: 'serial number', value: () => machine.vehicle.vrm() },
  { name: 'account number', kind: 'serial number', value: () => machine.finance.accountNumber(8) },
  { name: 'access code', kind: 'serial number', value: () => machine.finance.pin(5) },
];

const STATEMENTS: readonly ((attribute: string, entity: string, value: string) => string)[] = [
  (attribute, entity, value) => `The ${attribute} of ${entity} is ${value}.`,
  (attribute, entity, value) => `For ${entity}, the ${attribute} is ${value}.`,
  (attribute, entity, value) => `${capital(entity)} has as ${attribute} ${value}.`,
  (attribute, entity, value) => `As for ${entity}, the ${attribute} is ${value}.`,
];
const QUESTIONS: readonly ((attribute: string, entity: string) => string)[] = [
  (attribute, entity) => `What is the ${attribute} of ${entity}?`,
  (attribute, entity) => `For ${entity}, what is the ${attribute}?`,
];

function drawDocument(): Questions {
  const entities = Array.from({ length: FACTS / 2 }, () => machine.helpers.arrayElement(ENTITIES)());
  // Two attributes an entity, so that neither name alone says what is asked for; one more is asked for and told nowhere.
  const drawn = entities.map((entity) => ({ entity, attributes: machine.helpers.arrayElements(ATTRIBUTES, 3) }));
  const ask = (attribute: string, entity: string) => machine.helpers.arrayElement(QUESTIONS)(attribute, entity);
  const facts = drawn.flatMap(({ entity, attributes }) =>
    attributes.slice(0, 2).map(({ name, kind, value }): PlantedFact => {
      const answer = value();
      const sentence = capital(machine.helpers.arrayElement(STATEMENTS)(name, entity, answer));
      return { sentences: [sentence], question: ask(name, entity), answer, kinds: ['foreign'], value: kind };
    }),
  );
  const absent = drawn.slice(0, ABSENT).map(({ entity, attributes }) => ask(attributes[2]?.name ?? '', entity));
  return { facts, absent };
}

const capital = (sentence: string) => sentence.replace(/^./u, (first) => first.toUpperCase());

for (const [index, tongue] of [machine, ...LANGUAGES].entries()) tongue.seed(SEED + index);
const draw = (length: number) => Array.from({ length }, drawDocument);
const sets = { foreign: draw(DOCUMENTS), 'foreign-choice': draw(DOCUMENTS_TO_CHOOSE_ON) };
writeFileSync(join(import.meta.dirname, 'foreign-questions.json'), `${JSON.stringify(sets, null, 1)}\n`);
