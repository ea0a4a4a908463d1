/** What such methods are, each told of the object that it is called on. */
export type Implementation<Context, Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...given: infer Given) => infer Result
    ? (context: Context, ...given: Given) => Result
    : never;
};

/**
 * A base class whose methods are loaded when the first of them is called: a page that saves and loads does not pay for
 * the rest.
 *
 * @param names of all of them, each after a space
 */
export function later<Context, Methods extends object>(
  names: string,
  load: () => Promise<Implementation<Context, Methods>>,
): new (
  context: Context,
) => Methods {
  class Later {
    readonly #context: Context;

    constructor(context: Context) {
      this.#context = context;
    }

    static {
      const methods = Later.prototype as unknown as Record<string, unknown>;
      for (const name of names.split(" ")) {
        methods[name] = async function (this: Later, ...given: unknown[]) {
          const loaded = (await load()) as Record<string, (...given: unknown[]) => unknown>;
          return loaded[name]!(this.#context, ...given);
        };
      }
    }
  }
  return Later as never;
}
