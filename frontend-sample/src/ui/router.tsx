// Where the user is: few places, so that a signal and the browser's history do.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export type Place = "/" | "/sign-up" | "/forgot-password" | "/reset-password" | "/verify-email";

export const place = signal(location.pathname);
addEventListener("popstate", () => (place.value = location.pathname));

export function go(to: Place): void {
  if (location.pathname !== to) history.pushState(null, "", to);
  place.value = to;
}

export function Link({ to, children }: { to: Place; children: ComponentChildren }) {
  return (
    <a
      href={to}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
