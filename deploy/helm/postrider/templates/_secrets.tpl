{{- /* The secrets in use: a line "variable file-name key-of-the-Secret" for each. */ -}}
{{- define "postrider.secrets" -}}
{{- $keys := .Values.existingSecret.keys }}
{{- if .Values.existingSecret.name }}
{{- with $keys.bootstrapKey }}
POSTRIDER_BOOTSTRAP_KEY_FILE bootstrap_key {{ . }}
{{- end }}
{{- with $keys.sealKey }}
POSTRIDER_SEAL_KEY_FILE seal_key {{ . }}
{{- end }}
{{- with $keys.metricsToken }}
POSTRIDER_METRICS__TOKEN_FILE metrics_token {{ . }}
{{- end }}
{{- if eq (include "postrider.engine" .) "postgres" }}
POSTRIDER_STORE__PASSWORD_FILE database_password {{ $keys.databasePassword }}
{{- end }}
{{- end }}
{{- end }}

{{- define "postrider.secretVariables" -}}
{{- range include "postrider.secrets" . | trim | splitList "\n" | compact }}
{{- $parts := splitList " " . }}
- name: {{ index $parts 0 }}
  value: /run/secrets/postrider/{{ index $parts 1 }}
{{- end }}
{{- end }}

{{- define "postrider.secretItems" -}}
{{- range include "postrider.secrets" . | trim | splitList "\n" | compact }}
{{- $parts := splitList " " . }}
- key: {{ index $parts 2 }}
  path: {{ index $parts 1 }}
{{- end }}
{{- end }}
