// The page's first moment.

import { type ComponentType, render } from "preact";
import { createPage, type Page } from "../effects/page.ts";

/** Show the page once its words are there: it speaks no other language before. */
export function start(App: ComponentType<{ page: Page }>): void {
  const place = document.getElementById("app")!;
  createPage().then(
    (page) => render(<App page={page} />, place),
    () => (place.textContent = "FIAP X could not be loaded: reload this page. Não foi possível carregar o FIAP X: recarregue esta página."),
  );
}
