/** Titles as files carry them are often left over from the program that made the file. */
const LEFT_OVER: readonly RegExp[] = [
  /^\(?(untitled|unbenannt|ohne titel|sans titre|sin título|senza titolo|title|titel|document|dokument|presentation|powerpoint[ -]pr.*|slide|folie|no title|anonymous|unspecified|none|null|layout|template)\s*-?\d*\)?$/i,
  /^\(?microsoft\s+(word|powerpoint|excel|office)\b/i,
  /^[a-z]:[\\/]|^(file|https?):|^[\\/~]|[\\/]\S+[\\/]/i,
  /\.(docx?|dotx?|odt|rtf|pdf|tex|dvi|ps|indd|qxd|pmd|fm|xlsx?|pptx?|html?|txt|md|eml|cdr|ai|p65|wpd|tmp)\)?$/i,
  /^scan(ned)?[\s_-]*\d*$/i,
];
const LONGEST = 300;

/** The title, or undefined where it is none. */
export function asTitle(title: string): string | undefined {
  const text = title
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
  if (!/\p{L}{2}/u.test(text) && !/^\d{4}$/.test(text)) return undefined;
  return LEFT_OVER.some((pattern) => pattern.test(text)) ? undefined : text;
}
