import type { Section } from './split-sections.ts';

/**
 * The parts of a readme that are about the licence: those under a heading such as "License" or "Copyright",
 * down to the next heading of the same or a higher level. Without such a heading: the lines around words that
 * begin a licence, if any.
 */
export function readmeSections(text: string): readonly Section[] {
  const lines = text.split(/\r\n|\n|\r/);
  const headings = headingsOf(lines);
  const sections = headings.flatMap(({ line, level, title }, position) => {
    if (!isAboutLicence(title) || isInside(headings, position)) return [];
    const next = headings.slice(position + 1).find((later) => later.level <= level);
    return [{ from: line + 1, to: next ? next.line : lines.length, heading: title, bundled: false }];
  });
  if (sections.length > 0) return sections;

  const start = lines.findIndex((line) => opening.test(line));
  return start < 0 ? [] : [{ from: Math.max(1, start - 8), to: lines.length, heading: '', bundled: false }];
}

interface Heading {
  /** From 0. */
  readonly line: number;
  readonly level: number;
  readonly title: string;
}

/** Markdown headings, `# so` and underlined, outside code blocks. */
function headingsOf(lines: readonly string[]): Heading[] {
  let fence = false;
  return lines.flatMap((text, line) => {
    if (/^\s*(?:```|~~~)/.test(text)) fence = !fence;
    if (fence) return [];
    const hashes = /^\s{0,3}(#{1,6})\s*(.*?)[\s#]*$/.exec(text);
    if (hashes) return [{ line, level: hashes[1]?.length ?? 1, title: plain(hashes[2] ?? '') }];
    const under = /^\s{0,3}(=+|-+)\s*$/.exec(lines[line + 1] ?? '');
    if (under && text.trim() !== '' && text.length < 80)
      return [{ line, level: under[1]?.startsWith('=') ? 1 : 2, title: plain(text) }];
    return [];
  });
}

/** Is this heading below one that is already taken? */
function isInside(headings: readonly Heading[], position: number): boolean {
  const { level } = headings[position] ?? { level: 0 };
  for (let above = position - 1, within = level; above >= 0; above -= 1) {
    const heading = headings[above];
    if (!heading || heading.level >= within) continue;
    if (isAboutLicence(heading.title)) return true;
    within = heading.level;
  }
  return false;
}

function isAboutLicence(title: string): boolean {
  return (
    /^(?:\W|the )*(?:un)?(?:licen[cs](?:e|es|ing)|copyright|legal)(?:\W*$|\W+(?:and|&|info|notice|details|terms|\(|\/|:).*$)/i.test(
      title,
    ) || /^(?:\w+ ){1,3}licen[cs]e$/i.test(title)
  );
}

function plain(title: string): string {
  return title
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]*>|[*_`]/g, '')
    .trim();
}

const opening =
  /permission is hereby granted, free of charge|redistribution and use in source and binary|permission to use, copy, modify/i;
