// Charts of the answer cards: drawn from specifications that stand in the page's data, when they come near.
(() => {
  "use strict";
  const { byId, draw, drawSoon } = window.sidemine;

  window.sidemine.starts.push(async (page) => {
    for (const [id, spec] of Object.entries(page.figures)) drawSoon(byId(id), () => draw(byId(id), spec));
  });
})();
