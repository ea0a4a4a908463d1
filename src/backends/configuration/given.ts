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

  url(name: keyof V & string, ...protocols: string[]): string {
    const value = this.text(name);
    const fine = URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1));
    if (value !== "" && !fine) this.refuse(name, `must be a URL of ${protocols.join(" or ")}`);
    return value;
  }

  number(name: keyof V & string, otherwise: number, min: number, max: number): number {
    if (!this.has(name)) return otherwise;
    const value = Number(this.variables[name]);
    if (!(value >= min && value <= max)) this.refuse(name, `must be a number from ${min} to ${max}`);
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
