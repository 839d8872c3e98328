import type { LicenceGroup } from '../consolidate/consolidate-group.ts';
import { groupBy } from '../group-by.ts';
import type { Explanation } from '../judge/explain.ts';
import { type JudgedText, nearest, percent, type Verdict } from '../judge/judge-package.ts';
import type { AuditReport, PackageRow, ReportFinding } from './audit-report.ts';
import { Html, markup } from './escape-html.ts';
import { script } from './html-script.ts';
import { style } from './html-style.ts';
import { count, formatDuration, formatMoment, verdictWords } from './words.ts';

/** The report as one page that needs nothing else: opened from a folder, sent by mail, or printed. */
export function renderHtml(report: AuditReport): string {
  const { summary, folder } = report;
  const parts =
    summary.packages === 0
      ? [nothingFound, failures]
      : [tiles, shares, findings, failures, groups, remarks, packages];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Licence audit of ${folder}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<header>
<h1>Licence audit</h1>
<p><code>${folder}</code> · ${formatMoment(report.startedAt)} · done in ${formatDuration(report.durationMs)}</p>
</header>
${parts.map((part) => part(report))}
<footer>
<p>Licences were recognised by their texts, compared with those of the SPDX licence list. This report orients; it is no legal advice.</p>
</footer>
</main>
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

function nothingFound(): Html {
  return markup`<section class="card share">
<p>No installed packages were found in this folder. Is there a <code>node_modules</code> in it?</p>
</section>
`;
}

function tiles({ summary }: AuditReport): Html {
  const again = summary.packages - summary.distinct;
  const all: readonly (readonly [number, string, string])[] = [
    [summary.packages, again > 0 ? `packages, ${again} of them again` : 'packages', ''],
    [summary.licences, summary.licences === 1 ? 'licence' : 'different licences', ''],
    [summary.agreeing, 'where field and text agree', summary.agreeing > 0 ? 'good' : ''],
    [summary.disagreeing, 'where they disagree', summary.disagreeing > 0 ? 'bad' : 'good'],
    [summary.unknown, 'custom, undeclared or none', summary.unknown > 0 ? 'warn' : 'good'],
    [summary.withoutText, 'without the licence text', summary.withoutText > 0 ? 'warn' : 'good'],
    [summary.failures, 'files not readable', summary.failures > 0 ? 'bad' : 'good'],
    [summary.holders, 'copyright holders', ''],
  ];
  return markup`<ul class="tiles">
${all.map(tile)}</ul>
`;
}

function tile([number, label, tone]: readonly [number, string, string]): Html {
  return markup`<li class="tile ${tone}"><b>${number.toLocaleString('en-GB')}</b><span>${label}</span></li>
`;
}

/** As many licences as there are colours; the rest is one grey piece. */
const colours = 7;

function shares({ groups: all, summary }: AuditReport): Html {
  const shown = all.slice(0, colours);
  const rest = all.slice(colours);
  const restPackages = rest.reduce((sum, group) => sum + group.packages, 0);
  const others = { label: count(rest.length, 'other'), number: restPackages, colour: colours };
  const pieces = shown.map(({ licence, packages: number }, colour) => ({ label: licence, number, colour }));
  if (rest.length > 0) pieces.push(others);
  const share = (number: number): string => percentOf(number, summary.packages);
  const piece = ({ label, number, colour }: typeof others): Html =>
    markup`<i style="flex:${number};background:var(--c${colour})" title="${label}: ${number}, ${share(number)}"></i>`;
  const entry = ({ label, number, colour }: typeof others): Html =>
    markup`<li><i style="background:var(--c${colour})"></i><b>${label}</b> <span>${number} · ${share(number)}</span></li>
`;
  return markup`<section class="card share" aria-label="Packages by licence">
<div class="bar">${pieces.map(piece)}</div>
<ul class="legend">
${pieces.map(entry)}</ul>
</section>
`;
}

function percentOf(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

const tones: Readonly<Record<Verdict, string>> = {
  agrees: 'good',
  differs: 'bad',
  custom: 'bad',
  nothing: 'bad',
  'more-in-text': 'warn',
  'less-in-text': 'warn',
  'not-declared': 'warn',
  'no-text': '',
};

function badge(verdict: Verdict): Html {
  return markup`<span class="badge ${tones[verdict]}">${verdictWords[verdict].label}</span>`;
}

function findings({ findings: all }: AuditReport): Html {
  if (all.length === 0) {
    return markup`<h2>Needs a look</h2>
<p class="soft">Nothing: every field agrees with its text.</p>
`;
  }
  return markup`<h2>Needs a look</h2>
${[...groupBy(all, ({ verdict }) => verdict)].map(([verdict, some]) => findingsWith(verdict, some))}`;
}

function findingsWith(verdict: Verdict, all: readonly ReportFinding[]): Html {
  const { heading, meaning } = verdictWords[verdict];
  return markup`<h3>${heading} <span class="soft">(${all.length})</span></h3>
<p class="soft">${meaning}</p>
<div class="findings">
${all.map(finding)}</div>
`;
}

const empty = new Html('');

function finding(row: ReportFinding): Html {
  const version = row.version === '' ? '' : ` ${row.version}`;
  // What the lines above it say already.
  const said = /^The field says .*, the (?:text|files)|is none of the known licences/;
  const notes = row.notes.filter((note) => !said.test(note));
  if (row.folders.length > 1) notes.push(`Installed ${row.folders.length} times.`);
  const declared =
    row.declared === '' ? markup`<span class="soft">none</span>` : markup`<code>${row.declared}</code>`;
  const source = row.evidence === 'readme' ? 'Readme' : 'Text';
  return markup`<article class="card finding">
<header><h4>${row.name}<span>${version}</span></h4>${badge(row.verdict)}</header>
<dl class="versus"><dt>Field</dt><dd>${declared}</dd>${row.texts.map((text) => markup`<dt>${source}</dt><dd>${textLine(text)}</dd>`)}</dl>
${notes.length > 0 ? markup`<ul>${notes.map((note) => markup`<li>${note}</li>`)}</ul>` : empty}
${row.explanations.slice(0, 2).map(explanation)}</article>
`;
}

function textLine({ file, from, id, kind, similarity }: JudgedText): Html {
  const where = markup`<span class="soft">in <code>${file}:${from}</code></span>`;
  switch (kind) {
    case 'exact':
      return markup`<b>${id ?? ''}</b> word for word ${where}`;
    case 'reference':
      return markup`<b>${id ?? ''}</b> named, not quoted ${where}`;
    case 'unknown':
      return markup`<b>unknown</b>, ${nearest({ id, similarity })} ${where}`;
    case 'changed':
      return markup`<b>changed terms</b>, nearest is ${id ?? ''} (${percent(similarity)}) ${where}`;
    default:
      return markup`<b>${id ?? ''}</b> ${percent(similarity)} alike ${where}`;
  }
}

function explanation({ differences, excerpt, comparedWith, file, from }: Explanation): Html {
  if (differences === null || differences.length === 0) {
    return markup`<div class="diff"><p class="cap">${file}:${from} begins</p><p>${excerpt.slice(0, 260)}…</p></div>`;
  }
  const shown = differences.slice(0, 5);
  const change = ({ missing, added }: (typeof differences)[number]): Html =>
    markup`<p>${missing === '' ? empty : markup`<del>${missing}</del> `}${added === '' ? empty : markup`<ins>${added}</ins>`}</p>`;
  const more = differences.length > shown.length ? markup`<p class="cap">and more</p>` : empty;
  return markup`<div class="diff"><p class="cap">Against ${comparedWith ?? ''}</p>${shown.map(change)}${more}</div>`;
}

function failures({ failures: all }: AuditReport): Html {
  if (all.length === 0) return empty;
  return markup`<h2>Could not be read <span class="soft">(${all.length})</span></h2>
<p class="soft">The rest of these packages was audited all the same.</p>
<div class="card table failures"><table><tbody>
${all.map(
  ({ where, reason }) => markup`<tr><td><code>${where}</code></td><td>${reason}</td></tr>
`,
)}</tbody></table></div>
`;
}

function groups({ groups: all, summary }: AuditReport): Html {
  return markup`<h2>Licences</h2>
<p class="soft">Open one for its copyright holders.</p>
<div class="card groups">
${all.map((group) => groupDetails(group, all[0]?.packages ?? 1, summary.packages))}</div>
`;
}

const maxHolders = 60;

function groupDetails(group: LicenceGroup, most: number, total: number): Html {
  const { licence, names, category, packages: number, sample, osiApproved } = group;
  const name = names.length === 0 ? '' : `${names.join(', ')}${osiApproved ? ', OSI approved. ' : '. '}`;
  const width = ((100 * number) / most).toFixed(2);
  return markup`<details>
<summary><b>${licence}</b><span class="meter" title="${percentOf(number, total)}"><i style="width:${width}%"></i></span><span class="kind soft">${category}</span><span class="number">${number}</span></summary>
<div class="group">
<p>${name}<span class="soft">${group.asks}</span></p>
${sample === '' ? empty : markup`<p class="soft">Its text, word for word: <code>${sample}</code></p>`}
${holders(group)}</div>
</details>
`;
}

function holders({ holders: all }: LicenceGroup): Html {
  if (all.length === 0) return markup`<p class="soft">No copyright notices found.</p>`;
  const entry = ({ holder, years, packages: held }: (typeof all)[number]): Html =>
    markup`<li>${holder} <span>${years}${held > 1 ? ` · ${held} packages` : ''}</span></li>
`;
  const more = all.length - maxHolders;
  return markup`<ul class="holders">
${all.slice(0, maxHolders).map(entry)}</ul>
${more > 0 ? markup`<p class="soft">and ${more} more, all in the JSON report.</p>` : empty}
`;
}

function remarks({ packages: rows }: AuditReport): Html {
  const { heading, meaning } = verdictWords['no-text'];
  const withoutText = rows.filter(({ verdict }) => verdict === 'no-text');
  const bundling = rows.filter(({ bundles }) => bundles.length > 0);
  const noted = rows.filter(
    ({ verdict, notes }) => (verdict === 'agrees' || verdict === 'no-text') && notes.length > 0,
  );
  return markup`${[
    chips(heading, meaning, withoutText, ({ licence }) => licence),
    chips(
      'Packages that contain code under other licences',
      'Their files say so; those licences hold for that code.',
      bundling,
      ({ bundles }) => bundles.join(', '),
    ),
    chips('Smaller remarks', '', noted, ({ notes }) => notes.join(' ')),
  ]}`;
}

function chips(
  heading: string,
  meaning: string,
  rows: readonly PackageRow[],
  said: (row: PackageRow) => string,
): Html {
  if (rows.length === 0) return empty;
  const chip = (row: PackageRow): Html => markup`<li>${nameOf(row)} <span>${said(row)}</span></li>
`;
  return markup`<h2>${heading} <span class="soft">(${rows.length})</span></h2>
${meaning === '' ? empty : markup`<p class="soft">${meaning}</p>`}
<ul class="chips">
${rows.map(chip)}</ul>
`;
}

function packages({ packages: rows, groups: all }: AuditReport): Html {
  const licences = all.map(({ licence }) => markup`<option>${licence}</option>`);
  const verdicts = [...new Set(rows.map(({ verdict }) => verdict))].map(
    (verdict) => markup`<option value="${verdict}">${verdictWords[verdict].label}</option>`,
  );
  return markup`<h2>All packages</h2>
<div class="tools">
<input id="search" type="search" placeholder="Search by name, licence or holder" aria-label="Search">
<select id="licence" aria-label="Licence"><option value="">All licences</option>${licences}</select>
<select id="verdict" aria-label="Field and text"><option value="">Any outcome</option>${verdicts}</select>
<span id="shown" class="soft" role="status"></span>
</div>
<div class="card table"><table id="packages">
<thead><tr><th><button>Package</button></th><th><button>Version</button></th><th><button>Licence</button></th><th class="field"><button>Field</button></th><th><button>Outcome</button></th><th class="who"><button>Copyright</button></th></tr></thead>
<tbody>
${rows.map(packageRow)}</tbody>
</table></div>
`;
}

function packageRow(row: PackageRow): Html {
  const times =
    row.folders.length > 1
      ? markup` <span class="soft" title="${row.folders.join('\n')}">×${row.folders.length}</span>`
      : empty;
  const more = row.copyright.length > 3 ? `; and ${row.copyright.length - 3} more` : '';
  return markup`<tr data-licence="${row.licence}" data-verdict="${row.verdict}"><td title="${row.folders[0] ?? ''}">${row.name}${times}</td><td>${row.version}</td><td>${row.licence}</td><td class="field soft">${row.declared}</td><td title="${row.notes.join('\n')}">${badge(row.verdict)}</td><td class="who">${row.copyright.slice(0, 3).join('; ')}${more}</td></tr>
`;
}

function nameOf({ name, version }: PackageRow): string {
  return version === '' ? name : `${name}@${version}`;
}
