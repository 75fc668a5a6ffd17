// What outlives the page; where the browser keeps nothing (private windows, blocked storage) it lives as long as the page does.

export interface Storage {
  read(place: string): string | null;
  /** Keep a text, or forget it where it is null. */
  write(place: string, text: string | null): void;
}

export function createStorage(): Storage {
  const memory = new Map<string, string | null>();
  return {
    read(place) {
      try {
        return localStorage.getItem(place);
      } catch {
        return memory.get(place) ?? null;
      }
    },
    write(place, text) {
      try {
        if (text === null) localStorage.removeItem(place);
        else localStorage.setItem(place, text);
      } catch {
        memory.set(place, text);
      }
    },
  };
}
