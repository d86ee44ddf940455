/** @file Keeps what was worked out of an object for as long as the object lives. */

/** `compute`, worked out once per object: one real side is compared with many others. */
export function oncePer<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = compute(key);
      known.set(key, value);
    }
    return value;
  };
}
