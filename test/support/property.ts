// Settings of property tests: a fixed seed, overridable by PROPERTY_SEED, printed by fast-check when a run fails.

export const propertySeed = Number(process.env.PROPERTY_SEED ?? 20_261_124);

export const propertyRun = (numRuns = 100): { readonly numRuns: number; readonly seed: number } => ({
  numRuns,
  seed: propertySeed,
});
