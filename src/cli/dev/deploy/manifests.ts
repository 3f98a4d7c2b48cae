import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

export const KUBERNETES = join(import.meta.dir, "../../../../deploy/kubernetes");

// The fields of the Kubernetes API that our manifests use, and no other: a misspelt one is refused, as an API server
// with strict validation does. Source: the API reference of v1.32.

const text = v.pipe(v.string(), v.minLength(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
/** RFC 1123: what names of objects are. */
const name = v.pipe(v.string(), v.regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "is no name"));
/** IANA service names: what ports are called. */
const portName = v.pipe(v.string(), v.regex(/^(?=.*[a-z])[a-z0-9-]{1,15}$/, "is no port name"));
const quantity = v.pipe(v.string(), v.regex(/^\d+(\.\d+)?(m|k|Ki|Mi|Gi)?$/, "is no quantity"));
const labels = v.record(v.string(), v.string());
const selector = v.strictObject({ matchLabels: labels });
const metadata = v.strictObject({ name, labels: v.optional(labels) });

const probe = v.strictObject({
  exec: v.strictObject({ command: v.pipe(v.array(text), v.minLength(2)) }),
  periodSeconds: v.optional(count),
  timeoutSeconds: v.optional(count),
  failureThreshold: v.optional(count),
});

const container = v.strictObject({
  ...{ name, image: text, args: v.array(text) },
  imagePullPolicy: v.picklist(["IfNotPresent", "Always"]),
  env: v.optional(
    v.array(
      v.union([
        v.strictObject({ name: text, value: text }),
        v.strictObject({
          name: text,
          valueFrom: v.strictObject({
            fieldRef: v.strictObject({
              fieldPath: v.picklist(["metadata.name", "metadata.namespace"]),
            }),
          }),
        }),
      ]),
    ),
    [],
  ),
  ports: v.optional(v.array(v.strictObject({ name: portName, containerPort: port })), []),
  readinessProbe: v.optional(probe),
  livenessProbe: v.optional(probe),
  startupProbe: v.optional(probe),
  resources: v.strictObject({
    requests: v.strictObject({ cpu: quantity, memory: quantity }),
    limits: v.strictObject({ memory: quantity }),
  }),
  securityContext: v.strictObject({
    allowPrivilegeEscalation: v.literal(false),
    readOnlyRootFilesystem: v.literal(true),
    capabilities: v.strictObject({ drop: v.tuple([v.literal("ALL")]) }),
  }),
  volumeMounts: v.array(
    v.strictObject({
      ...{ name, mountPath: v.pipe(text, v.startsWith("/")) },
      readOnly: v.optional(v.boolean()),
    }),
  ),
});

const secretVolume = v.strictObject({
  secretName: name,
  // Root's files are read by the group of the pod (fsGroup), and by nobody else.
  defaultMode: v.literal(0o440),
  items: v.optional(v.array(v.strictObject({ key: text, path: text }))),
});

const podSpec = v.strictObject({
  terminationGracePeriodSeconds: v.optional(count),
  restartPolicy: v.optional(v.picklist(["Never", "OnFailure", "Always"])),
  enableServiceLinks: v.literal(false),
  automountServiceAccountToken: v.literal(false),
  securityContext: v.strictObject({
    runAsNonRoot: v.literal(true),
    runAsUser: v.pipe(count, v.minValue(1)),
    runAsGroup: v.pipe(count, v.minValue(1)),
    fsGroup: v.optional(v.pipe(count, v.minValue(1))),
    seccompProfile: v.strictObject({ type: v.literal("RuntimeDefault") }),
  }),
  affinity: v.optional(
    v.strictObject({
      podAntiAffinity: v.strictObject({
        preferredDuringSchedulingIgnoredDuringExecution: v.array(
          v.strictObject({
            weight: v.pipe(count, v.minValue(1), v.maxValue(100)),
            podAffinityTerm: v.strictObject({ topologyKey: text, labelSelector: selector }),
          }),
        ),
      }),
    }),
  ),
  containers: v.array(container),
  volumes: v.array(
    v.union([
      v.strictObject({ name, emptyDir: v.strictObject({}) }),
      v.strictObject({ name, secret: secretVolume }),
    ]),
  ),
});

const template = v.strictObject({
  metadata: v.strictObject({ labels, annotations: v.optional(v.record(text, v.string()), {}) }),
  spec: podSpec,
});

const kind = <const A extends string, const K extends string, S extends v.GenericSchema>(
  apiVersion: A,
  kindName: K,
  spec: S,
) =>
  v.strictObject({ apiVersion: v.literal(apiVersion), kind: v.literal(kindName), metadata, spec });

export const StatefulSet = kind(
  "apps/v1",
  "StatefulSet",
  v.strictObject({
    serviceName: name,
    replicas: count,
    podManagementPolicy: v.picklist(["Parallel", "OrderedReady"]),
    ...{ selector, template },
    volumeClaimTemplates: v.array(
      v.strictObject({
        metadata,
        spec: v.strictObject({
          accessModes: v.array(v.picklist(["ReadWriteOnce", "ReadWriteOncePod"])),
          resources: v.strictObject({ requests: v.strictObject({ storage: quantity }) }),
        }),
      }),
    ),
  }),
);

export const Service = kind(
  "v1",
  "Service",
  v.strictObject({
    clusterIP: v.optional(v.literal("None")),
    publishNotReadyAddresses: v.optional(v.boolean()),
    selector: labels,
    ports: v.array(v.strictObject({ name: portName, port, targetPort: portName })),
  }),
);

export const Job = kind(
  "batch/v1",
  "Job",
  v.strictObject({ backoffLimit: count, ttlSecondsAfterFinished: count, template }),
);

const PodDisruptionBudget = kind(
  "policy/v1",
  "PodDisruptionBudget",
  v.strictObject({ maxUnavailable: count, selector }),
);

const peers = v.array(v.strictObject({ podSelector: v.union([selector, v.strictObject({})]) }));
const NetworkPolicy = kind(
  "networking.k8s.io/v1",
  "NetworkPolicy",
  v.strictObject({
    podSelector: selector,
    policyTypes: v.array(v.picklist(["Ingress", "Egress"])),
    ingress: v.array(
      v.strictObject({
        from: peers,
        ports: v.array(v.strictObject({ port: portName, protocol: v.literal("TCP") })),
      }),
    ),
  }),
);

const secretKey = v.strictObject({ name, key: text });

const ServiceMonitor = kind(
  "monitoring.coreos.com/v1",
  "ServiceMonitor",
  v.strictObject({
    jobLabel: text,
    selector,
    endpoints: v.array(
      v.strictObject({
        ...{ port: portName, path: text, interval: text, scheme: v.literal("https") },
        tlsConfig: v.strictObject({ ca: v.strictObject({ secret: secretKey }), serverName: text }),
        authorization: v.strictObject({ credentials: secretKey }),
      }),
    ),
  }),
);

const Manifest = v.variant("kind", [
  StatefulSet,
  Service,
  Job,
  PodDisruptionBudget,
  NetworkPolicy,
  ServiceMonitor,
]);
export type Manifest = v.InferOutput<typeof Manifest>;
export type Container = v.InferOutput<typeof container>;

/** The objects of all files, each with its file. Throws when one is not as the API wants it. */
export function manifests(): readonly { readonly file: string; readonly object: Manifest }[] {
  const files = readdirSync(KUBERNETES).filter((file) => file !== "kustomization.yaml");
  return files.sort().flatMap((file) => {
    const parsed = Bun.YAML.parse(readFileSync(join(KUBERNETES, file), "utf8"));
    return (Array.isArray(parsed) ? parsed : [parsed]).map((object) => {
      const found = v.safeParse(Manifest, object);
      if (found.success) return { file, object: found.output };
      const { issues } = found;
      const problems = issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
      throw new Error(`${file}: ${problems.join("; ")}`);
    });
  });
}
