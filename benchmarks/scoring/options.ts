/** The value after an option, e.g. `--jobs 300`; undefined when it was not given. */
export function optionOf(args: readonly string[], name: string): string | undefined {
  const place = args.indexOf(name);
  return place < 0 ? undefined : args[place + 1];
}
