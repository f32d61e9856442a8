/** Recordings for tests, as the broker's clients print them, with numbers of our own. */

/** 2026-01-16, a Friday, 09:45 IST. */
export const FROM_MS = Date.parse('2026-01-16T09:45:00+05:30');

export type Packet = Record<string, unknown>;

/** A SnapQuote of RELIANCE as the Python client has it: two a second, prices in paise. */
export function snapQuote(k: number): Packet {
  const ms = FROM_MS + 500 * k;
  const level = (flag: number, n: number): object => ({
    flag,
    quantity: 10 + n,
    price: 140_700 + (flag === 1 ? -5 * n : 5 * n),
    'no of orders': n,
  });
  const levels = [1, 2, 3, 4, 5];
  return {
    subscription_mode: 3,
    exchange_type: 1,
    token: '2885',
    sequence_number: 1000 + k,
    exchange_timestamp: 1000 * Math.floor(ms / 1000),
    last_traded_price: 140_700 + 5 * (k % 50),
    subscription_mode_val: 'SNAP_QUOTE',
    last_traded_quantity: 3 + (k % 3),
    average_traded_price: 140_800,
    volume_trade_for_the_day: 5000 + 10 * k,
    total_buy_quantity: 100,
    total_sell_quantity: 200,
    open_price_of_the_day: 140_700,
    high_price_of_the_day: 141_000,
    low_price_of_the_day: 140_000,
    closed_price: 139_900,
    last_traded_timestamp: Math.floor(ms / 1000),
    best_5_buy_data: levels.map((n) => level(1, n)),
    best_5_sell_data: levels.map((n) => level(0, n)),
    open_interest: 7,
    open_interest_change_percentage: '4584350709158701777',
    upper_circuit_limit: 150_000,
    lower_circuit_limit: 130_000,
    '52_week_high_price': 160_000,
    '52_week_low_price': 110_000,
  };
}

export const packets = (count: number): Packet[] => Array.from({ length: count }, (_, k) => snapQuote(k));

/** A value as Python's `repr` prints it. */
export function repr(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, one]) => `'${name}': ${repr(one)}`)
      .join(', ')}}`;
  return typeof value === 'string' && !/^\d{16,}$/.test(value) ? `'${value}'` : String(value);
}

/** As the JavaScript client has it: its names, and texts for numbers. */
export function javaScript(packet: Packet): Packet {
  const names: Record<string, string> = {
    average_traded_price: 'avg_traded_price',
    volume_trade_for_the_day: 'vol_traded',
    open_price_of_the_day: 'open_price_day',
    high_price_of_the_day: 'high_price_day',
    low_price_of_the_day: 'low_price_day',
    closed_price: 'close_price',
    upper_circuit_limit: 'upper_circuit',
    lower_circuit_limit: 'lower_circuit',
    '52_week_high_price': 'fiftytwo_week_high',
    '52_week_low_price': 'fiftytwo_week_low',
  };
  const text = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map((level: object) =>
          Object.fromEntries(
            Object.entries(level).map(([name, one]) => [name.replaceAll(' ', '_'), String(one)]),
          ),
        )
      : String(value);
  return Object.fromEntries(
    Object.entries(packet).map(([name, value]) => [
      names[name] ?? name,
      name === 'token' ? `"${String(value)}"` : text(value),
    ]),
  );
}

/** A table as pandas writes it: lists as text in quotes. */
export function csv(rows: readonly Packet[], separator = ','): string {
  const names = Object.keys(rows[0]);
  const cell = (value: unknown): string =>
    Array.isArray(value)
      ? `"${repr(value).replaceAll('"', '""')}"`
      : typeof value === 'string' || typeof value === 'number'
        ? String(value)
        : '';
  return [names, ...rows.map((row) => names.map((name) => cell(row[name])))]
    .map((cells) => cells.join(separator))
    .join('\n');
}

export const lines = (rows: readonly Packet[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
