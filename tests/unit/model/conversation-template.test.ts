/** The chat templates of published models, and what `transformers` renders of them (`../shared/chat-templates`, not part of the repository). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../engine/errors.ts';
import { ConversationTemplate, type Turn } from '../../../engine/model/conversation-template.ts';
import { compileTemplate } from '../../../engine/model/template-engine.ts';
import { openedThinking, splitThinking } from '../../../engine/thinking.ts';
import { sentencesFor } from '../../../engine/words/words.ts';

const CASES = join(import.meta.dirname, '../../../../shared/chat-templates/cases.json');
const isThere = existsSync(CASES);
if (!isThere) process.stderr.write('\n*** No ../shared/chat-templates: published templates are NOT rendered. ***\n');

interface Conversation {
  readonly document: string;
  readonly turns: readonly Turn[];
  readonly question: string;
}

interface Case {
  readonly source: string;
  readonly bos: string;
  readonly eos: string;
  /** Null where `transformers` refuses. */
  readonly asSystem: readonly (string | null)[];
  readonly asUser: readonly (string | null)[];
}

const { conversations, templates }: { conversations: Conversation[]; templates: Record<string, Case> } = isThere
  ? JSON.parse(readFileSync(CASES, 'utf8'))
  : { conversations: [], templates: {} };

/** The day on which the cases were rendered. */
const DAY = new Date(2026, 10, 25);
/** Refused, beside those that `transformers` refuses: the first two by what the template engine can't do, the others see only images. */
const REFUSED = ['lcpp/ByteDance-Seed-OSS', 'lcpp/meetkai-functionary-medium-v3.1', 'trl/idefics3', 'trl/llava_next'];
/** Templates that look for switches in what a document says, and cut them out: here it can't pull them, and is carried as it is. */
const SWITCHED = ['lcpp/HuggingFaceTB-SmolLM3-3B', 'lcpp/NVIDIA-Nemotron-Nano-v2'];
const SWITCHES = 4;
const THOUGHT = 3;

/** What templates call the thinking of a message. */
const THOUGHT_FIELDS = ['reasoning_content', 'reasoning', 'thinking', 'thought'];
/** Tokens that end a message: decoding leaves them out. */
const HIDDEN = /<\|(?:end|eom)\|>/g;
/** The one writes the thinking of a call of tools behind the answer, the other has closed the block before an answer begins. */
const NOT_THOUGHT = ['lcpp/unsloth-Apriel-1.5', 'trl/qwen3_5_nothink'];

const valuesOf = ({ bos, eos }: Case) => ({ bos_token: bos, eos_token: eos });
const open = (each: Case) => new ConversationTemplate(each.source, valuesOf(each), DAY);

const usable = Object.entries(templates).filter(
  ([name, { asSystem, asUser }]) => !REFUSED.includes(name) && (asSystem[0] !== null || asUser[0] !== null),
);
const refused = Object.entries(templates).filter(([name]) => !usable.some(([other]) => other === name));

/** Thinking of earlier turns is never told back, so templates that would keep it have less to say; and space beside it. */
function withoutThinking(text: string | null): string | null {
  return text?.replace(/<think>\s*hm\s*<\/think>/, '').replace(/\s*First answer/, 'First answer') ?? null;
}

describe.skipIf(!isThere)('templates of published models', () => {
  it('are all there', () => expect([usable.length, refused.length]).toEqual([81, 8]));

  it.each(usable)('%s: as transformers renders it', (name, each) => {
    const template = open(each);
    for (const [index, { document, turns, question }] of conversations.entries()) {
      if (index === SWITCHES && SWITCHED.includes(name)) continue;
      const { before, after } = template.pieces(turns, question);
      // Documents have no space around them; where a case gives one some, templates cut off none, some or all of it.
      const forms = [document, document.trimStart(), document.trimEnd(), document.trim()];
      const ours = forms.map((form) => before + form + after.join(''));
      const theirs = [each.asSystem[index] ?? null, each.asUser[index] ?? null];
      const [own, others] =
        index === THOUGHT ? [ours.map(withoutThinking), theirs.map(withoutThinking)] : [ours, theirs];
      expect(others.filter((text) => text !== null && own.includes(text))).not.toEqual([]);
    }
  });

  it.each(usable)('%s: loses nothing, whatever is said and however often', (_name, each) => {
    const template = open(each);
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '/no_think',
        '<think>\nhm\n</think>\n\nYes.',
        '<|im_end|>',
        '\uE000D\uE001',
        '{{ bos_token }}',
        ' \n',
      ),
    );
    const turns = fc.array(fc.record({ question: text, answer: text }), { maxLength: 7 });
    fc.assert(
      fc.property(turns, text, (said, question) => {
        const { before, after } = template.pieces(said, question);
        const texts = [...said.flatMap((turn) => [turn.question, splitThinking(turn.answer).answer]), question];
        expect(before).toBe(template.before);
        expect(after.filter((_, index) => index % 2 === 1)).toEqual(texts.map((each) => each.trim()));
        expect(after).toHaveLength(2 * texts.length + 1);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it.each(refused)('%s: refused in one line', (_name, each) => {
    let failure: ReturnType<typeof failureOf> | undefined;
    try {
      open(each);
    } catch (cause) {
      failure = failureOf(cause);
    }
    expect(failure).toMatchObject({ code: 'model-unsupported', detail: { feature: 'chat template' } });
    expect(failure && sentencesFor(failure, 'terminal')).toMatch(/^The model's chat template .*\.$/);
  });

  it('say where thinking is opened for the answer', () => {
    const opening = usable.filter(([, each]) => open(each).opening !== '').map(([name]) => name);
    const tails = usable.filter(([, { asSystem, asUser }]) =>
      /(<think>|steps:)\s*$/.test(asSystem[0] ?? asUser[0] ?? ''),
    );
    expect(opening).toEqual(tails.map(([name]) => name));
    expect(opening).toContain('lcpp/Qwen3.5-4B');
    expect(opening).toContain('lcpp/Apriel-1.6-15b-Thinker-fixed');
  });

  /** What a template writes of an answer with thinking, as the model that it is for writes it; undefined where it knows none. */
  function thoughtOf({ source, bos, eos }: Case): string | undefined {
    const render = compileTemplate(source, DAY);
    const said = { role: 'assistant', content: 'It is 42.' };
    const thought = Object.fromEntries(THOUGHT_FIELDS.map((name) => [name, 'Page 3 says so.']));
    const pieces = [
      { type: 'thinking', thinking: 'Page 3 says so.' },
      { type: 'text', text: 'It is 42.' },
    ];
    const ways = [
      { ...said, ...thought },
      { ...said, content: pieces },
    ].flatMap((answer) => {
      const messages = [{ role: 'user', content: 'Question?' }, answer];
      const values = { tools: null, documents: null, bos_token: bos, eos_token: eos, think_render_option: 'all' };
      const whole = (more: object) => {
        try {
          return render({ messages, add_generation_prompt: false, ...values, ...more });
        } catch {
          return ''; // A template that takes its content in another form only.
        }
      };
      const prompt = render({ messages: messages.slice(0, 1), add_generation_prompt: true, ...values });
      const ends = prompt.slice(prompt.indexOf('Question?'));
      const told = whole({}).slice(whole({}).indexOf('Question?'));
      // Pieces that a template does not know it writes as they are.
      if (!told.includes('Page 3 says so.') || told.includes('"thinking"')) return [];
      const opened = openedThinking(ends);
      const common = [...ends].findIndex((letter, index) => letter !== told[index]);
      const from = opened === '' ? (common < 0 ? ends.length : common) : told.indexOf('Page 3 says so.');
      return [(opened + told.slice(from, told.indexOf('It is 42.') + 'It is 42.'.length)).replaceAll(HIDDEN, '')];
    });
    return ways[0];
  }

  it('write thinking only in ways that are folded', () => {
    const thoughts = Object.entries(templates).flatMap(([name, each]) => {
      if (refused.some(([other]) => other === name) || NOT_THOUGHT.includes(name)) return [];
      const thought = thoughtOf(each);
      return thought === undefined ? [] : [[name, splitThinking(thought)] as const];
    });
    expect(thoughts.length).toBeGreaterThan(25);
    for (const [name, split] of thoughts)
      expect([name, split]).toEqual([name, { thinking: 'Page 3 says so.', answer: 'It is 42.' }]);
  });
});

describe('a conversation', () => {
  const TURN = { question: 'One?', answer: 'Yes.' };
  const LATE = `{% for m in messages %}{% if m['role'] == 'user' %}[INST]{% if loop.last and messages[0]['role'] == 'system' %}{{ messages[0]['content'] + ' ' }}{% endif %}{{ m['content'] }}[/INST]{% elif m['role'] == 'assistant' %}{{ m['content'] }}{% endif %}{% endfor %}`;
  const textOf = (template: ConversationTemplate, turns: readonly Turn[]) => {
    const { before, after } = template.pieces(turns, 'Two?');
    return `${before}DOCUMENT${after.join('')}`;
  };

  it('has the document first where a template would put the system message last', () => {
    const template = new ConversationTemplate(LATE, {});
    expect(textOf(template, [])).toBe('[INST]DOCUMENT\n\nTwo?[/INST]');
    expect(textOf(template, [TURN])).toBe('[INST]DOCUMENT\n\nOne?[/INST]Yes.[INST]Two?[/INST]');
  });

  it.each([
    ['breaks off', '{% for m in messages %}{{ m.content }}', 'it breaks off'],
    ['has an expression that is none', '{{ messages[0] content }}', /^Parser Error/],
    ['has a statement that is none', '{% whatever %}', /whatever/],
    ['ends in a comment', '{# never closed', /comment/],
    ['is nothing but space', ' '.repeat(200_000), 'it is too long'],
    ['is a book', '{{ x }}'.repeat(50_000), 'it is too long'],
  ])('is refused in one line where the template %s', (_title, source, reason) => {
    const failure = failureFor(source);
    expect(failure).toMatchObject({
      code: 'model-unsupported',
      detail: { feature: 'chat template', fault: 'malformed' },
    });
    expect(failure.detail).toMatchObject({
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
    expect(sentencesFor(failure, 'app')).toMatch(
      /^The model's chat template has an error of syntax \([^\n]+\)\. .*\.$/,
    );
  });

  it.each([
    [
      'loops over lists that it made',
      '{% set r = range(99999) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}',
    ],
    ['loops in a loop', '{% for a in range(99999) %}{% for b in range(99999) if b %}{% endfor %}{% endfor %}'],
    ['doubles a text', "{% set n = namespace(x='ab') %}{% for a in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}"],
    ['calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
  ])('is given up where the template %s without end', (_title, source) =>
    expect(failureFor(source)).toMatchObject({ detail: { feature: 'chat template', fault: 'unreadable' } }),
  );

  function failureFor(source: string) {
    try {
      new ConversationTemplate(source, {});
    } catch (cause) {
      return failureOf(cause);
    }
    throw new Error('it was taken');
  }

  it('is refused where a template drops a turn, however late', () => {
    const lastOnly = "{% for m in messages[-1:] %}{{ m['content'] }}{% endfor %}";
    expect(() => new ConversationTemplate(lastOnly, {})).toThrow(/incomplete/);
    const short =
      "{% for m in messages %}{% if loop.index < 14 or loop.last %}{{ m['content'] }}{% endif %}{% endfor %}";
    const template = new ConversationTemplate(short, {});
    expect(() => template.pieces(new Array(8).fill(TURN), 'Two?')).toThrow(/incomplete/);
  });

  it('is never told its thinking again', () => {
    const thought = { question: 'One?', answer: '<think>\nhm\n</think>\n\nYes.' };
    expect(textOf(new ConversationTemplate(LATE, {}), [thought])).not.toContain('hm');
  });

  it('has the day of its loading, in English, and as jinja2 a bound on ranges', () => {
    const dated = "{{ strftime_now('%d %b %Y, %A') }}{% for m in messages %}{{ m['content'] }}{% endfor %}";
    expect(textOf(new ConversationTemplate(dated, {}, DAY), [])).toBe('25 Nov 2026, WednesdayDOCUMENTTwo?');
    expect(() => new ConversationTemplate('{% for x in range(100001) %}{% endfor %}', {})).toThrow(/unreadable/);
  });
});
