import type { Verdict } from '../judge/judge-package.ts';

/** How verdicts are called, in a table and as a heading. */
export const verdictWords: Readonly<
  Record<Verdict, { readonly label: string; readonly heading: string; readonly meaning: string }>
> = {
  agrees: { label: 'agrees', heading: 'Field and text agree', meaning: '' },
  differs: {
    label: 'differs',
    heading: 'The text is another licence than the field says',
    meaning: 'What counts in a dispute is the text that was shipped.',
  },
  'more-in-text': {
    label: 'more in text',
    heading: 'The text holds more than the field says',
    meaning:
      'Often a choice that the field does not mention, or code from elsewhere that brings its own licence.',
  },
  'less-in-text': {
    label: 'less in text',
    heading: 'The text holds less than the field says',
    meaning: 'The field names licences that hold together, and some of their texts are missing.',
  },
  custom: {
    label: 'custom',
    heading: 'The text is none of the known licences',
    meaning: 'Written for the occasion, or a known licence with changed terms.',
  },
  'not-declared': {
    label: 'no field',
    heading: 'There is a licence, but no usable field',
    meaning: 'Tools that only read package.json see nothing.',
  },
  'no-text': {
    label: 'no text',
    heading: 'The licence is named, its text is not in the package',
    meaning: 'Most licences ask for their text and the copyright notice to go with every copy.',
  },
  nothing: {
    label: 'nothing',
    heading: 'No licence at all',
    meaning: 'Without a licence nobody may use, change or pass on the code.',
  },
};

/** `3 packages`, `1 package`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-GB')} ${number === 1 ? one : many}`;
}

/** `2.4 s`, `3 min 5 s`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `2026-11-24 22:15 UTC`: the same on every machine. */
export function formatMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Lines of at most `size` characters, where words allow; those after the first begin with `indent`. */
export function wrap(text: string, size: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + width(word) + 1 > size) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Columns of a text in a terminal, of letters that take one. */
export function width(text: string): number {
  return Array.from(text).length;
}
