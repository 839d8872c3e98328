import { type FoundPackages, findPackages } from '../find/find-packages.ts';

/** A function is an actor: its argument is the stage's input, what it returns the stage's output. */
export async function packageFinder({ folder }: { readonly folder: string }): Promise<FoundPackages> {
  return findPackages(folder);
}
