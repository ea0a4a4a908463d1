import type { ErrorItem } from "../../model/errors.ts";

/** Reads variables and gathers what is wrong with them. Messages carry no value: it may be a secret. */
export class Given<V extends { [name in keyof V]?: unknown }> {
  readonly errors: ErrorItem[] = [];
  private readonly variables: V;

  constructor(variables: V) {
    this.variables = variables;
  }

  has(name: keyof V & string): boolean {
    return Boolean(this.variables[name]);
  }

  text(name: keyof V & string, alternative = ""): string {
    const value = String(this.variables[name] ?? "");
    if (value === "") this.refuse(name, `is needed ${alternative}`.trim());
    return value;
  }

  url(name: keyof V & string, protocols: readonly string[], alternative = ""): string {
    const value = this.text(name, alternative);
    const { protocol = "", hostname = "" } = URL.canParse(value) ? new URL(value) : {};
    const fine = protocols.includes(protocol.slice(0, -1)) && hostname !== "";
    if (value !== "" && !fine) this.refuse(name, `must be a URL of ${protocols.join(" or ")}`);
    return value;
  }

  number(name: keyof V & string, otherwise: number, min: number, max: number): number {
    if (!this.has(name)) return otherwise;
    const text = String(this.variables[name]);
    const value = Number(text);
    const fine = /^\d+(\.\d+)?$/.test(text) && value >= min && value <= max;
    if (!fine) this.refuse(name, `must be a number from ${min} to ${max}`);
    return value;
  }

  whole(name: keyof V & string, otherwise: number, min: number, max: number): number {
    const value = this.number(name, otherwise, min, max);
    if (value % 1 > 0) this.refuse(name, "must be a whole number");
    return value;
  }

  /** One of the values; the first where none is given. */
  choice<T extends string>(name: keyof V & string, values: readonly T[]): T {
    const value = this.has(name) ? (this.text(name) as T) : values[0]!;
    if (!values.includes(value)) this.refuse(name, `must be ${values.join(" or ")}`);
    return value;
  }

  refuse(pointer: string, message: string): undefined {
    this.errors.push({ pointer, message });
  }
}
