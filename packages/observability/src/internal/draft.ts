/**
 * A value that is being put together. Fields that may be absent are set one by one: spreads of what may be
 * nothing read better, and take several times as long where something is made for every span.
 */
export type Draft<Value> = { -readonly [Field in keyof Value]: Value[Field] };
