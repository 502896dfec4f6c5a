import { postOverrides } from '../api/overrides'
import {
  deviceOverride,
  groupTargets,
  linkOverride,
  type Override,
  type OverrideSetting,
  type OverrideTarget,
} from '../domain/overrides'
import { devices } from './devices'
import { links } from './links'
import { write } from './writes'

/**
 * Gives devices and links an override, or none: all of them, or an error. An `ApiError` with status 412 if one no
 * longer has the override that its target says.
 */
export async function setOverrides(
  targets: readonly OverrideTarget[],
  next: OverrideSetting,
  requestId: string,
): Promise<void> {
  const groups = groupTargets(targets, (target) => ({ before: target, after: next }))
  await write(() => postOverrides(groups, requestId))
}

/** An override as the lists have it; as it is given while they do not have that device or link. */
export function knownOverride(override: Override): Override {
  const { kind, id, name } = override
  const device = kind === 'device' ? devices.value.get(id) : undefined
  const link = kind === 'link' ? links.value.get(id) : undefined
  const known = device !== undefined ? deviceOverride(device) : link === undefined ? null : linkOverride(link, name)
  return known ?? override
}
