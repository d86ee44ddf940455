/** @file What is deployed fits together: names, versions, volumes, groups. `helm` renders the values where it is there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { documents, type Manifest, missingVolumes, podOf, text } from './manifests';

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

interface Values {
  readonly image: { readonly tag: string };
  readonly extraInitContainers: ReadonlyArray<{ image: string }>;
  readonly extraVolumes: ReadonlyArray<{ name: string; existingClaim: string }>;
  readonly extraVolumeMounts: ReadonlyArray<{ name: string; readOnly?: boolean }>;
  readonly datasources: Readonly<Record<string, unknown>>;
  readonly dashboardProviders: Readonly<Record<string, unknown>>;
}

const { version } = JSON.parse(text('package.json')) as { version: string };
const dockerfile = text('docker/Dockerfile');
const [compose] = documents<{ services: Record<string, Service> }>(text('docker-compose.yaml'));
const services = compose?.services ?? {};
const trainer = documents<Manifest>(text('deploy/kubernetes/trainer.yaml'));
const [values] = documents<Values>(text('deploy/helm/grafana-values.yaml')) as [Values];
/** The group that Grafana's images and its chart use. */
const GRAFANA_GROUP = 472;

test('every image has a version, and ours that of the package', () => {
  const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, name]) => name);
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, name]) => name as string);
  for (const base of bases.filter((name) => !stages.includes(name))) {
    expect(base).toMatch(/:[^:]*(\d|\$\{GRAFANA_VERSION\})/);
  }
  const ours = [
    ...Object.values(services).map(({ image }) => image),
    ...podOf(trainer).containers.map(({ image }) => image),
    ...values.extraInitContainers.map(({ image }) => image),
  ];
  expect(ours.length).toBeGreaterThan(4);
  for (const image of ours) {
    expect(image).toMatch(new RegExp(`gent[a-z-]*:${version.replaceAll('.', '\\.')}$`));
  }
  const grafana = /GRAFANA_VERSION=(\S+)/.exec(dockerfile)?.[1];
  expect(values.image.tag).toBe(`${grafana}-ubuntu`);
});

test('compose publishes on this machine alone, waits for health, and builds each image once', () => {
  for (const { ports, depends_on: before, build } of Object.values(services)) {
    (ports ?? []).forEach((port) => expect(port).toMatch(/^127\.0\.0\.1:/));
    for (const [name, { condition }] of Object.entries(before ?? {})) {
      expect(condition).toBe('service_healthy');
      expect(services[name]?.healthcheck).toBeDefined();
    }
    if (build !== undefined) {
      expect(dockerfile).toContain(` AS ${build.target}\n`);
    }
  }
  const built = Object.values(services).filter(({ build }) => build !== undefined);
  expect(new Set(built.map(({ image }) => image))).toEqual(new Set(Object.values(services).map(({ image }) => image)));
  expect(built).toHaveLength(new Set(built.map(({ image }) => image)).size);
  // Only the trainer writes models.
  const writers = Object.entries(services).filter(([, { volumes }]) => volumes?.some((one) => !one.endsWith(':ro')));
  expect(writers.map(([name]) => name)).toEqual(['trainer']);
});

test('trainer and Grafana share the claim and the group that owns it', () => {
  const pod = podOf(trainer);
  expect(missingVolumes(pod)).toEqual([]);
  expect(pod.securityContext?.fsGroup).toBe(GRAFANA_GROUP);
  const claim = trainer.find(({ kind }) => kind === 'PersistentVolumeClaim')?.metadata.name;
  expect(values.extraVolumes).toEqual([{ name: 'gent-models', existingClaim: claim }]);
  expect(values.extraVolumeMounts).toEqual([expect.objectContaining({ name: 'gent-models', readOnly: true })]);
});

test("data sources and dashboard providers have different file names: Grafana's chart keeps both in one map", () => {
  const names = [values.datasources, values.dashboardProviders].flatMap((map) => Object.keys(map));
  expect(new Set(names).size).toBe(names.length);
});

/** A folder with Grafana's chart (grafana-community/helm-charts, charts/grafana); it is not part of this repository. */
const chart = process.env.GRAFANA_CHART ?? '';
const helm = spawnSync('helm', ['version', '--short'], { encoding: 'utf8' }).status === 0;
const obstacle = !helm
  ? 'no helm on the PATH'
  : existsSync(path.join(chart, 'Chart.yaml'))
    ? undefined
    : 'GRAFANA_CHART names no folder with the chart of Grafana';

const inHelm = obstacle === undefined ? describe : describe.skip;

inHelm(`Grafana's chart with our values${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('helm', args, { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  test('passes the linter', () => {
    const { status, stdout } = run('lint', chart, '--values', 'deploy/helm/grafana-values.yaml');
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('0 chart(s) failed') });
  });

  test.each([
    ['as they are', []],
    ['with a volume of its own', ['persistence.enabled=true']],
    ['as a stateful set', ['useStatefulSet=true', 'persistence.enabled=true', 'persistence.type=statefulset']],
    ['beside sidecars', ['sidecar.dashboards.enabled=true', 'sidecar.datasources.enabled=true']],
  ])('renders a pod with the plugin, the models and the provisioning: %s', (_, sets) => {
    const { status, stdout, stderr } = run(
      ...['template', 'grafana', chart, '--kube-version', '1.34.0'],
      ...['--values', 'deploy/helm/grafana-values.yaml'],
      ...sets.flatMap((set) => ['--set', set])
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    const manifests = documents<Manifest>(stdout);
    const pod = podOf(manifests);
    expect(missingVolumes(pod).filter((name) => name !== 'storage' || !sets.includes('useStatefulSet=true'))).toEqual(
      []
    );
    expect(pod.securityContext?.fsGroup).toBe(GRAFANA_GROUP);
    expect(pod.volumes).toContainEqual({ name: 'gent-models', persistentVolumeClaim: { claimName: 'gent-models' } });
    const [grafana] = pod.containers.filter(({ name }) => name === 'grafana');
    const files = new Map(grafana?.volumeMounts?.map(({ mountPath, subPath }) => [mountPath, subPath]));
    const config = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'grafana');
    const mounted = (file: string) => config?.data?.[files.get(`/etc/grafana/provisioning/${file}`) ?? ''];
    expect(mounted('datasources/gent-datasources.yaml')).toContain('type: gent-traces-datasource');
    expect(mounted('dashboards/gent-dashboards.yaml')).toContain('gent-traces-datasource/dashboards');
  });
});
