/** Tells answers that say that the document has no answer. The built-in reader has one sentence for it; other models say it in their own words. */

const SOURCE = '(?:document|text|passage|context|contract|paper|report|manual|file|excerpt|provided information)s?';
const REFUSALS = [
  `\\b${SOURCE} (?:provided )?(?:does not|doesn['’]t|do not|don['’]t|did not|didn['’]t) (?:say|state|mention|specify|contain|provide|include|give|tell|indicate|address|discuss|reveal)`,
  `\\b(?:not|n['’]t|nowhere) (?:explicitly |directly )?(?:mentioned|stated|specified|provided|given|found|included|addressed|discussed)(?: anywhere)? (?:in|by) (?:the|this) ${SOURCE}`,
  '\\b(?:no|any) (?:information|mention|details?|indication) (?:about|on|of|regarding|as to|in the)\\b',
  "\\b(?:cannot|can['’]t|could not|couldn['’]t|unable to|not able to) (?:find|determine|answer|tell)\\b",
  "\\bi (?:do not|don['’]t) know\\b",
  '\\b(?:dokument|text|vertrag)\\b[^.]{0,40} (?:nicht|kein\\w*)\\b',
  '\\b(?:nicht|nirgends) (?:erwähnt|genannt|angegeben|enthalten)\\b',
  "\\b(?:document|texte|contrat) ne (?:dit|mentionne|précise|contient|indique|donne)|n['’]est pas (?:mentionn|précis|indiqu)",
  '\\b(?:documento|texto|contrato) no (?:dice|menciona|contiene|indica|especifica)|\\bno se (?:menciona|indica|especifica)',
  '(?:文档|文件|文中|文本|原文)[^。]{0,12}(?:没有|未)[^。]{0,6}(?:提到|提及|说明|给出)',
].map((pattern) => new RegExp(pattern, 'iu'));

/** Longer texts say more than that: a model that explains has answered, whatever it could not find besides. */
const LONGEST = 300;

/** answer: without what the model thought aloud. */
export function isRefusal(answer: string): boolean {
  const said = answer.trim();
  return said.length <= LONGEST && REFUSALS.some((pattern) => pattern.test(said));
}
