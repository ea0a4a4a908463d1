type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Does not compile unless the value's type is exactly `Wanted`. */
export function isExactly<Wanted>() {
  return <Given>(_: Given, ..._same: Same<Given, Wanted> extends true ? [] : ["another type"]): void => {};
}
