/** One line that says how far a long command is, on a terminal only; what is printed in the end takes its place. */
export interface Progress {
  show(text: string): void;
  end(): void;
}

export function progressOn(stream: NodeJS.WriteStream): Progress {
  let isShown = false;
  return {
    show(text) {
      if (!stream.isTTY) return;
      stream.write(`\r\u001b[K${text.slice(0, (stream.columns || 80) - 1)}`);
      isShown = true;
    },
    end() {
      if (isShown) stream.write("\r\u001b[K");
      isShown = false;
    },
  };
}
