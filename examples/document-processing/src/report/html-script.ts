/** Search, filters and sorting of the table. Without it the page shows everything. */
export const script = `
(() => {
  const table = document.querySelector('#packages');
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const search = document.querySelector('#search');
  const licence = document.querySelector('#licence');
  const verdict = document.querySelector('#verdict');
  const shown = document.querySelector('#shown');
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const filter = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = (!licence.value || row.dataset.licence === licence.value)
        && (!verdict.value || row.dataset.verdict === verdict.value)
        && words.every((word) => texts.get(row).includes(word));
      row.classList.toggle('hidden', !fits);
      if (fits) count += 1;
    }
    shown.textContent = count === rows.length ? '' : count + ' of ' + rows.length;
  };
  search.addEventListener('input', filter);
  licence.addEventListener('change', filter);
  verdict.addEventListener('change', filter);

  const compare = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.firstElementChild.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      rows.sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b)));
      body.append(...rows);
    });
  });
  filter();
})();
`;
