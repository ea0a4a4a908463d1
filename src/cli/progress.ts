/** One line that says how far a long command is, on a terminal only; what is printed in the end takes its place. */
export interface Progress {
  /** @param share of the work that is done, where that is known: 0 to 1, drawn as a bar */
  show(text: string, share?: number): void;
  end(): void;
}

const BAR = 20;

export function progressOn(stream: NodeJS.WriteStream): Progress {
  let isShown = false;
  return {
    show(text, share) {
      if (!stream.isTTY) return;
      const line = share === undefined ? text : `${bar(share)} ${text}`;
      stream.write(`\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}`);
      isShown = true;
    },
    end() {
      if (isShown) stream.write("\r\u001b[K");
      isShown = false;
    },
  };
}

function bar(share: number): string {
  return `[${"#".repeat(Math.round(share * BAR)).padEnd(BAR, ".")}]`;
}
