{{- define "postrider.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "postrider.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trimSuffix "-" }}
{{- else if contains (include "postrider.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "postrider.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "postrider.selector" -}}
app.kubernetes.io/name: {{ include "postrider.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "postrider.labels" -}}
{{ include "postrider.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "postrider.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "postrider.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "postrider.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* "sqlite" or "postgres"; the one place that decides. Schemas can be skipped, so it refuses for itself. */ -}}
{{- define "postrider.engine" -}}
{{- if eq .Values.database "sqlite" }}
{{- if or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled }}
{{- fail "SQLite is a file that one server holds: set replicas to 1 and autoscaling.enabled to false, or set database to a PostgreSQL URL" }}
{{- end -}}
sqlite
{{- else }}
{{- if not (and .Values.existingSecret.name .Values.existingSecret.keys.sealKey .Values.existingSecret.keys.databasePassword) }}
{{- fail "PostgreSQL needs existingSecret with a database password and a seal key, which all nodes share" }}
{{- end -}}
postgres
{{- end }}
{{- end }}
