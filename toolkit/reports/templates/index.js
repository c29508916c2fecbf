// Search, filters and sorting of the index. Without it the table is complete, only not interactive.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("answers").textContent);
  const table = document.querySelector("table.index");
  const form = document.getElementById("filters");
  const status = document.getElementById("found");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, order) => {
    const link = row.cells[0].querySelector("a");
    return { row, order, link, page: link.getAttribute("href"), level: row.dataset.level, answers: data.areas[row.dataset.code],
      text: folded(row.cells[0].textContent), counts: [...row.querySelectorAll("td.num")], answer: row.querySelector(".answer-cell") };
  });
  const fields = ["q", "level", "target", "verdict", "grade"];
  let sorted = { column: -1, down: false };

  function folded(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
  }

  function wanted() {
    return Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]));
  }

  // an answer is [group, verdict, grade, shown]; an answer matches when every chosen filter does
  function matches(answer, target, choice) {
    return (!choice.target || choice.target === target) && (!choice.verdict || choice.verdict === answer[0]) &&
      (!choice.grade || (answer[2] || "-").split("·").includes(choice.grade));
  }

  function show() {
    const choice = wanted();
    const narrowed = choice.target || choice.verdict || choice.grade;
    let areas = 0, answers = 0;
    for (const item of rows) {
      const found = item.answers.filter((answer, number) => matches(answer, data.targets[number], choice));
      const visible = folded(choice.q).split(/\s+/).every((word) => item.text.includes(word)) &&
        (!choice.level || choice.level === item.level) && found.length > 0;
      item.row.hidden = !visible;
      item.counts.forEach((cell, number) => {
        const count = found.filter((answer) => answer[0] === data.groups[number]).length;
        cell.textContent = count;
        cell.classList.toggle("some", count > 0);
      });
      item.answer.textContent = choice.target && found.length ? data.verdicts[found[0][1]] + (found[0][3] ? " (" + found[0][3] + ")" : "") : "";
      item.link.setAttribute("href", item.page + (choice.target ? "#" + choice.target : ""));
      if (visible) { areas += 1; answers += found.length; }
    }
    table.classList.toggle("with-answer", Boolean(choice.target));
    status.textContent = data.found.replace("{areas}", areas).replace("{answers}", answers);
    document.getElementById("reset").disabled = !narrowed && !choice.q && !choice.level;
    const address = new URLSearchParams(Object.entries(choice).filter(([, value]) => value)).toString();
    history.replaceState(null, "", address ? "#" + address : location.pathname + location.search);
  }

  function sort(column) {
    sorted = { column, down: sorted.column === column ? !sorted.down : column > 0 };
    const key = (item) => column === 0 ? item.text : Number(item.row.cells[column].textContent);
    const order = (one, other) => column === 0 ? key(one).localeCompare(key(other)) : key(one) - key(other);
    rows.slice().sort((one, other) => (sorted.down ? -1 : 1) * order(one, other) || one.order - other.order)
      .forEach((item) => body.append(item.row));
    [...table.tHead.rows[0].cells].forEach((head, number) => {
      if (number === column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  function open() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of fields) {
      const field = form.elements[name];
      field.value = given.get(name) || "";
      if (field.selectedIndex === -1) field.value = "";
    }
    show();
  }

  table.tHead.querySelectorAll("th[data-sort]").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head.cellIndex));
    head.replaceChildren(button);
  });
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  window.addEventListener("hashchange", open);
  form.hidden = false;
  open();
})();
