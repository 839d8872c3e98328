import { Actor } from '@certoai/loom';
import { consolidateGroup, type LicenceGroup } from '../consolidate/consolidate-group.ts';
import type { JudgedPackage } from '../judge/judge-package.ts';

interface Group {
  readonly licence: string;
  readonly packages: readonly JudgedPackage[];
}

export class GroupConsolidator extends Actor<Group> {
  override onReceive({ licence, packages }: Group): LicenceGroup {
    return consolidateGroup(licence, packages);
  }
}
