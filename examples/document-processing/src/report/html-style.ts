/** The look of the report: light, dark, narrow, wide and on paper. Nothing is loaded from elsewhere. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #5a6675; --line: #e1e5ea; --hover: #f0f3f7;
  --accent: #2f5fd0; --good: #1f7a4d; --warn: #9a5b00; --bad: #b3261e; --mute: #66707c;
  --good-bg: #e4f4ea; --warn-bg: #fdf0d8; --bad-bg: #fce8e6; --mute-bg: #eceff3;
  --c0: #3b6fd6; --c1: #17928a; --c2: #8a5cc9; --c3: #d9822b; --c4: #c2497c; --c5: #6c9a1f; --c6: #2aa0c8; --c7: #9aa5b1;
  --shadow: 0 1px 2px rgb(20 30 50 / 6%), 0 2px 8px rgb(20 30 50 / 4%);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #9ba7b6; --line: #2b3440; --hover: #212935;
    --accent: #8ab0ff; --good: #6fd39b; --warn: #f0b45c; --bad: #ff8f86; --mute: #a3adb9;
    --good-bg: #17352a; --warn-bg: #3a2c12; --bad-bg: #40201e; --mute-bg: #28303b;
    --c0: #6b9bff; --c1: #3fc0b5; --c2: #b38cf0; --c3: #f0a050; --c4: #e87aa8; --c5: #9ccc4c; --c6: #5cc4ea; --c7: #5f6b79;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
}
main { max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; letter-spacing: -.02em; }
h2 { font-size: 1.25rem; margin: 3rem 0 .35rem; letter-spacing: -.01em; }
h3 { font-size: 1rem; margin: 1.75rem 0 .1rem; }
p { margin: .3rem 0; max-width: 75ch; }
a { color: var(--accent); }
code, .mono { font-family: var(--mono); font-size: .88em; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
header p { color: var(--soft); margin-top: .5rem; max-width: none; }

.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .8rem; margin: 1.75rem 0 0; padding: 0; list-style: none; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); padding: .9rem 1.1rem 1rem; }
.tile b { display: block; font-size: 1.85rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -.02em; }
.tile span { color: var(--soft); font-size: .87rem; line-height: 1.35; display: block; }
.tile.good b { color: var(--good); } .tile.warn b { color: var(--warn); } .tile.bad b { color: var(--bad); }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); }
.share { padding: 1.25rem 1.4rem 1.1rem; margin-top: .8rem; }
.bar { display: flex; gap: 2px; height: 26px; border-radius: 7px; overflow: hidden; }
.bar i { display: block; min-width: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; list-style: none; margin: .9rem 0 0; padding: 0; font-size: .92rem; }
.legend i { display: inline-block; width: .7em; height: .7em; border-radius: 3px; margin-right: .45em; }
.legend b { font-weight: 600; } .legend span { color: var(--soft); font-variant-numeric: tabular-nums; }

.findings { display: grid; gap: .8rem; margin-top: .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); align-items: start; }
.finding { padding: 1rem 1.2rem 1.1rem; min-width: 0; }
.finding header { display: flex; justify-content: space-between; gap: .8rem; align-items: baseline; }
.finding h4 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.finding h4 span { color: var(--soft); font-weight: 400; }
.versus { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem .9rem; margin: .7rem 0 .5rem; }
.versus dt { color: var(--soft); } .versus dd { margin: 0; overflow-wrap: anywhere; }
.finding ul { margin: .4rem 0 0; padding-left: 1.1rem; color: var(--soft); font-size: .92rem; overflow-wrap: anywhere; }
.diff { margin: .7rem 0 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font: .82rem/1.5 var(--mono); }
.diff p { margin: 0; padding: .35rem .7rem; max-width: none; overflow-wrap: anywhere; }
.diff p + p { border-top: 1px solid var(--line); }
.diff .cap { background: var(--hover); color: var(--soft); font-family: inherit; }
.diff del, .diff ins { text-decoration: none; border-radius: 3px; padding: 0 .2em; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.diff del { background: var(--bad-bg); color: var(--bad); } .diff ins { background: var(--good-bg); color: var(--good); }
.diff del::before { content: "− "; } .diff ins::before { content: "+ "; }

.badge { display: inline-block; padding: .05em .6em; border-radius: 99px; font-size: .8rem; font-weight: 550; white-space: nowrap; background: var(--mute-bg); color: var(--mute); }
.badge.good { background: var(--good-bg); color: var(--good); } .badge.warn { background: var(--warn-bg); color: var(--warn); } .badge.bad { background: var(--bad-bg); color: var(--bad); }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; padding: 0; margin: .8rem 0 0; }
.chips li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .15rem .6rem; font-size: .88rem; overflow-wrap: anywhere; }
.chips span { color: var(--soft); }

.groups { margin-top: .8rem; overflow: hidden; }
.groups details + details { border-top: 1px solid var(--line); }
.groups summary { display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(0, 1.6fr) 9.5rem 4rem; gap: 1rem; align-items: center; padding: .7rem 1.2rem; cursor: pointer; list-style: none; }
.groups summary::-webkit-details-marker { display: none; }
.groups summary:hover { background: var(--hover); }
.groups summary b { font-weight: 600; overflow-wrap: anywhere; }
.groups summary b::before { content: "▸"; display: inline-block; width: 1.1em; color: var(--soft); transition: transform .12s; transform-origin: 35% 55%; }
.groups details[open] summary b::before { transform: rotate(90deg); }
.meter { height: 8px; border-radius: 4px; background: var(--mute-bg); overflow: hidden; } .meter i { display: block; height: 100%; min-width: 3px; border-radius: 4px; background: var(--c0); }
.group { padding: .2rem 1.2rem 1.2rem 2.3rem; }
.holders { columns: 3 230px; column-gap: 2rem; list-style: none; padding: 0; margin: .8rem 0 0; font-size: .92rem; }
.holders li { break-inside: avoid; padding: .1rem 0; overflow-wrap: anywhere; } .holders span { color: var(--soft); }

.tools { display: flex; flex-wrap: wrap; gap: .6rem; margin: .9rem 0 .8rem; align-items: center; }
.tools input, .tools select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 9px; padding: .45rem .75rem; min-width: 0; }
.tools input { flex: 1 1 16rem; } .tools select { max-width: 16rem; flex: 0 1 auto; }
.tools input:focus-visible, .tools select:focus-visible, th button:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .5rem .8rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: var(--hover); }
th { position: sticky; top: 0; background: var(--card); z-index: 1; white-space: nowrap; padding: 0; }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: .6rem .8rem; width: 100%; text-align: left; cursor: pointer; }
th button::after { content: "↕"; color: var(--soft); opacity: .35; margin-left: .4em; }
th[aria-sort=ascending] button::after { content: "↑"; opacity: 1; } th[aria-sort=descending] button::after { content: "↓"; opacity: 1; }
td { overflow-wrap: anywhere; } td:first-child { min-width: 11rem; } td:nth-child(2) { white-space: nowrap; }
td.who { min-width: 14rem; color: var(--soft); }
.failures { margin-top: .8rem; } .failures td:first-child { width: 45%; }
footer { margin-top: 3rem; color: var(--soft); font-size: .88rem; }
.hidden { display: none !important; }

@media (max-width: 720px) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.55rem; }
  .tiles { grid-template-columns: repeat(2, 1fr); } .tile b { font-size: 1.5rem; }
  .groups summary { grid-template-columns: minmax(0, 1fr) auto; padding: .7rem 1rem; } .groups .meter, .groups .kind { display: none; }
  .group { padding-left: 1rem; }
  .tools select { flex: 1 1 9rem; }
  td.who, th.who, td.field, th.field { display: none; }
  th button, td { padding-left: .6rem; padding-right: .6rem; } td:first-child { min-width: 8rem; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --shadow: none; }
  main { max-width: none; padding: 0; } body { font-size: 10.5pt; }
  .tools { display: none; } th { position: static; } th button::after { content: ""; }
  .finding, .tile, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } .table { overflow: visible; }
  table { font-size: 8pt; } th button, td { padding: .12rem .4rem; } #packages .badge { padding: 0; background: none !important; }
  .bar i, .meter i, .legend i, .badge, .diff del, .diff ins { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
