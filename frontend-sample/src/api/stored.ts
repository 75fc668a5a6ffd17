// What outlives the page; where the browser keeps nothing (private windows, blocked storage) it lives as long as the page does.

const memory = new Map<string, string>();

export function stored(place: string): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return memory.get(place) ?? null;
  }
}

/** Keep a text, or forget it where it is null. */
export function store(place: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(place);
    else localStorage.setItem(place, text);
  } catch {
    memory.set(place, text ?? "");
  }
}
