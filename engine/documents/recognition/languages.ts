/** Languages whose words can be recognised. Tesseract's data for them comes along: nothing is fetched. */

/** By Tesseract's names. */
export const LANGUAGES = {
  eng: 'English',
  deu: 'German',
  fra: 'French',
  spa: 'Spanish',
  ita: 'Italian',
  por: 'Portuguese',
  nld: 'Dutch',
  pol: 'Polish',
} as const;

export type Language = keyof typeof LANGUAGES;

export const USUAL_LANGUAGE: Language = 'eng';

export function isLanguage(name: string): name is Language {
  return Object.hasOwn(LANGUAGES, name);
}

export function languageName(name: string): string {
  return isLanguage(name) ? LANGUAGES[name] : name;
}
