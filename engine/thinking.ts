/** What a model writes before it answers: shown folded, and never told back to it. */
export interface SplitAnswer {
  /** Null where it has not thought aloud. */
  readonly thinking: string | null;
  readonly answer: string;
}

/** How a family of models marks its thinking; texts as they stand once end-of-message tokens are left out. */
interface ThinkingForm {
  readonly opens: string;
  /** What stands in front of the answer included. */
  readonly closes: string;
  /** Its opening is a sentence that any answer may begin with: it counts only together with what closes it. */
  readonly plain?: true;
}

/** After the chat templates of these models, as they write earlier thinking themselves. */
const FORMS: readonly ThinkingForm[] = [
  // Qwen, DeepSeek, GLM, Nemotron, SmolLM3, MiniMax, Kimi, LFM2, Step, Bielik, Granite 3.3.
  { opens: '<think>', closes: '</think>' },
  { opens: '<thinking>', closes: '</thinking>' }, // Apriel 1.5
  { opens: '<seed:think>', closes: '</seed:think>' }, // Seed-OSS
  { opens: '[THINK]', closes: '[/THINK]' }, // Ministral 3 Reasoning
  { opens: '<|START_THINKING|>', closes: '<|END_THINKING|>' }, // Command R7B
  { opens: '<|channel>thought', closes: '<channel|>' }, // Gemma 4
  { opens: '<|channel|>analysis<|message|>', closes: '<|start|>assistant<|channel|>final<|message|>' }, // gpt-oss
  { opens: '<|think|>', closes: '<|begin|>assistant<|content|>' }, // Solar Open
  { opens: 'to=self<|message|>', closes: '<|start|>assistant to=user<|message|>' }, // Muse
  { opens: 'Here are my reasoning steps:', closes: '[BEGIN FINAL RESPONSE]', plain: true }, // Apriel
];

/** What may stand around the answer itself, whether anything was thought or not: in front, and behind. */
const AROUND: readonly (readonly [front: string, tail: string])[] = [
  ['<response>', '</response>'],
  ['<|START_RESPONSE|>', '<|END_RESPONSE|>'],
  ['<|channel|>final<|message|>', ''],
  ['<|content|>', ''],
  ['to=user<|message|>', ''],
];
/** Behind an answer whose front the template has written. */
const LONE_TAILS = ['[END FINAL RESPONSE]', '<|END_RESPONSE|>'] as const;

/** Tokens that these are made of; some tokenizers call them special and would leave them out. */
export const THINKING_TOKENS: ReadonlySet<string> = new Set(
  [...FORMS.flatMap(({ opens, closes }) => [opens, closes]), ...AROUND.flat()].flatMap(
    (text) => text.match(/<[^<>]+>|\[\/?THINK\]/g) ?? [],
  ),
);

/** A block that is not closed yet is all thinking so far. */
export function splitThinking(text: string): SplitAnswer {
  const begun = text.trimStart();
  const form = FORMS.find(({ opens }) => begun.startsWith(opens));
  if (!form) return { thinking: null, answer: bare(text) };
  const { opens, closes, plain } = form;
  const end = begun.indexOf(closes, opens.length);
  if (end < 0 && plain) return { thinking: null, answer: text };
  if (end < 0) return { thinking: begun.slice(opens.length).trim(), answer: '' };
  return { thinking: begun.slice(opens.length, end).trim(), answer: bare(begun.slice(end + closes.length)).trim() };
}

/** What a template that ends so has already written of the block: it belongs to the answer. '' where it has opened none. */
export function openedThinking(template: string): string {
  const written = template.trimEnd();
  const form = FORMS.find(({ opens }) => written.endsWith(opens));
  return form ? template.slice(written.length - form.opens.length) : '';
}

/** The answer without what stands around it; as it is where nothing does. */
function bare(text: string): string {
  const begun = text.trimStart();
  const [front = '', behind = ''] = AROUND.find(([each]) => begun.startsWith(each)) ?? [];
  const said = front === '' ? text : begun.slice(front.length).trimStart();
  const ended = said.trimEnd();
  const tail = [behind, ...LONE_TAILS].find((each) => each !== '' && ended.endsWith(each));
  return tail === undefined ? said : ended.slice(0, -tail.length).trimEnd();
}
