// Token amounts as whole base units (BigInt), to and from what people read and type.

/** Base units of "1,234.5"; throws an Error whose message says what is wrong. */
export function parseUnits(text, decimals) {
  const clean = text.replaceAll(",", "").replaceAll(" ", "").trim();
  if (clean === "") return 0n;
  const match = /^(\d*)(?:\.(\d*))?$/.exec(clean);
  if (!match || !(match[1] || match[2])) throw new Error(`“${text}” is not an amount: write digits, such as 1234.5`);
  const fraction = match[2] ?? "";
  if (fraction.length > decimals) throw new Error(`“${text}” has more than ${decimals} decimals; the token has no more`);
  return BigInt(match[1] || "0") * 10n ** BigInt(decimals) + BigInt(fraction.padEnd(decimals, "0") || "0");
}

/** "1,234.5" of base units, every decimal told. */
export function formatUnits(units, decimals) {
  const scale = 10n ** BigInt(decimals);
  const whole = (units / scale).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = (units % scale).toString().padStart(decimals, "0").replace(/0+$/, "");
  return rest && decimals ? `${whole}.${rest}` : whole;
}
