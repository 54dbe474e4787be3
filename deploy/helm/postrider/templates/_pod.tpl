{{- /* What a pod may do: nothing but its work. Shared with the test's pod. */ -}}
{{- define "postrider.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
# Not at every start: it would open the sealing key to the group, and the server refuses such a key.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "postrider.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "postrider.env" -}}
- name: POSTRIDER_LISTEN
  value: "0.0.0.0:8071"
# Not the volume itself, which file systems put things of their own in.
- name: POSTRIDER_DATA_DIR
  value: /data/postrider
{{- if eq (include "postrider.engine" .) "postgres" }}
- name: POSTRIDER_STORE__DATABASE
  value: {{ .Values.database | quote }}
- name: POSTRIDER_NODE__NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- include "postrider.secretVariables" . }}
{{- range $key, $value := .Values.settings }}
- name: POSTRIDER_{{ $key | replace "." "__" | upper }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* The pod of either engine. Only the volume "data" differs, which the StatefulSet claims by itself. */ -}}
{{- define "postrider.pod" -}}
{{- $engine := include "postrider.engine" . -}}
metadata:
  labels:
    {{- include "postrider.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "postrider.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .Values.preStopSeconds .Values.shutdownSeconds }}
  securityContext:
    {{- include "postrider.podSecurity" . | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.affinity }}
  affinity:
    {{- toYaml .Values.affinity | nindent 4 }}
  {{- else if eq $engine "postgres" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "postrider.selector" . | nindent 10 }}
  {{- end }}
  containers:
    - name: postrider
      image: {{ include "postrider.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "postrider.env" . | nindent 8 }}
      ports:
        - name: http
          containerPort: 8071
      securityContext:
        {{- include "postrider.containerSecurity" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      # A large database is checked before the first answer.
      startupProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 2
        failureThreshold: 150
      # Fails only when a restart can help; a full disk is a matter of the readiness.
      livenessProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 3
        timeoutSeconds: 2
        failureThreshold: 2
      lifecycle:
        # Requests still arrive while the cluster learns that this pod is leaving.
        preStop:
          sleep:
            seconds: {{ .Values.preStopSeconds }}
      volumeMounts:
        - { name: data, mountPath: /data }
        {{- if .Values.existingSecret.name }}
        - { name: secrets, mountPath: /run/secrets/postrider, readOnly: true }
        {{- end }}
        {{- if .Values.databaseCa.configMap }}
        - { name: database-ca, mountPath: /etc/postrider/database, readOnly: true }
        {{- end }}
        {{- if and (eq $engine "sqlite") .Values.persistence.backupClaim }}
        - { name: backups, mountPath: /backups }
        {{- end }}
  {{- with include "postrider.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "postrider.volumes" -}}
{{- $engine := include "postrider.engine" . -}}
{{- if eq $engine "postgres" }}
# The control socket, and nothing that must last.
- name: data
  emptyDir:
    sizeLimit: 64Mi
{{- end }}
{{- with .Values.existingSecret.name }}
- name: secrets
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      {{- include "postrider.secretItems" $ | trim | nindent 6 }}
{{- end }}
{{- with .Values.databaseCa.configMap }}
- name: database-ca
  configMap:
    name: {{ . }}
{{- end }}
{{- if and (eq $engine "sqlite") .Values.persistence.backupClaim }}
- name: backups
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.backupClaim }}
{{- end }}
{{- end }}
