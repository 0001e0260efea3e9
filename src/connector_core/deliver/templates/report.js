"use strict";
(() => {
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("’", "'").toLowerCase();
  const form = document.getElementById("filtre");
  if (form) {
    const field = document.getElementById("recherche");
    const result = document.getElementById("resultat");
    const targets = [...document.querySelectorAll("[data-filter]")].map((node) => [node, plain(node.textContent)]);
    const parts = [...document.querySelectorAll("main > section")].filter((part) => part.querySelector("[data-filter]"));
    const apply = () => {
      const words = plain(field.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const [node, text] of targets) {
        node.hidden = !words.every((word) => text.includes(word));
        if (!node.hidden && node.matches("tr")) shown += 1;
      }
      for (const part of parts) part.hidden = words.length > 0 && !part.querySelector("[data-filter]:not([hidden])");
      result.textContent = !words.length ? "" : shown === 0 ? "Aucune ligne" : shown === 1 ? "1 ligne" : `${shown} lignes`;
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    field.addEventListener("input", apply);
    apply();
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll(".chart details:not([open])")];
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });
})();
