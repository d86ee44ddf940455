/** @file The files of deploy/, docker/ and docker-compose.yaml, as the tests look at them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';

export const ROOT = path.resolve(__dirname, '../..');

export interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly volumeMounts?: ReadonlyArray<{ name: string; mountPath: string; subPath?: string; readOnly?: boolean }>;
  readonly readinessProbe?: { readonly httpGet?: { readonly path: string } };
}

export interface Pod {
  readonly securityContext?: { readonly fsGroup?: number };
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
}

/** An object of Kubernetes, with what the tests read. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec: Pod }; readonly ports?: ReadonlyArray<{ port: number }> };
}

export const text = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The documents of a YAML text. @throws where a key stands twice in a map: one of the two would be lost in silence */
export function documents<T>(yaml: string): T[] {
  return loadAll(yaml).filter((document): document is T & object => typeof document === 'object' && document !== null);
}

/** The pod of the deployment or stateful set among these objects. @throws where there is none */
export function podOf(manifests: readonly Manifest[]): Pod {
  const pod = manifests.find(({ spec }) => spec?.template !== undefined)?.spec?.template?.spec;
  if (pod === undefined) {
    throw new Error('no object here makes pods');
  }
  return pod;
}

/** Names of volumes that containers mount and the pod does not have: a cluster refuses such a pod. */
export function missingVolumes(pod: Pod): string[] {
  const there = new Set(pod.volumes?.map(({ name }) => name));
  const mounted = [...(pod.initContainers ?? []), ...pod.containers].flatMap(({ volumeMounts }) => volumeMounts ?? []);
  return mounted.map(({ name }) => name).filter((name) => !there.has(name));
}
