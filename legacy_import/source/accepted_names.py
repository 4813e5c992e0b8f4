"""The names that columns of the old tables may have, by field: the best first. Folded (schema.py)."""

# Marks of rows that the old platform treats as deleted: dates, or flags. All of them are read.
_DELETED = {
    "deleted_at": ("deleted_at", "date_suppression", "supprime_le", "date_supprime", "deleted_on",
                   "date_deleted", "is_deleted", "deleted", "est_supprime", "supprime", "is_supprime",
                   "efface", "est_efface", "corbeille", "en_corbeille", "is_trashed", "trashed_at",
                   "trashed", "trash", "poubelle", "removed_at", "is_removed", "soft_deleted",
                   "del_flag", "flag_deleted", "deletedat", "isdeleted", "is_delete", "delete_at",
                   "deletion_date", "deleted_date", "date_de_suppression", "dt_suppression",
                   "date_supp", "date_suppr", "suppression", "suppr", "supprimee", "est_supprimee",
                   "flag_suppr", "effacee", "date_effacement", "dans_corbeille", "delete_flag",
                   "deleted_flag", "is_del", "soft_delete", "in_trash", "removed", "محذوف"),
}  # fmt: skip

_LEARNER = {
    "last_name": ("nom", "nom_famille", "nom_de_famille", "last_name", "lastname", "family_name",
                  "surname"),
    "first_name": ("prenom", "prenoms", "first_name", "firstname", "given_name"),
    "full_name": ("nom_prenom", "nom_et_prenom", "nomprenom", "prenom_nom", "nom_complet",
                  "full_name", "fullname", "name"),
    "phone": ("telephone", "tel", "phone", "mobile", "gsm", "portable", "num_tel", "numero_tel",
              "num_telephone", "numero_telephone", "phone_number", "telephone1", "tel1",
              "n_tel", "n_telephone", "numero_de_telephone", "tel_mobile", "tel_portable"),
    "email": ("email", "mail", "e_mail", "adresse_email", "adresse_mail", "courriel",
              "email_address"),
    "birth_date": ("date_naissance", "date_de_naissance", "naissance",
                   "date_nais", "date_naiss",
                   "birth_date", "birthdate", "date_of_birth", "birthday", "dob", "ddn"),
    "status": ("statut", "status", "etat", "situation"),
    # Ids only: a bare `formation` or `session` may contain a name; the override file can map it.
    "formation_id": ("formation_id", "id_formation", "formations_id", "course_id", "filiere_id",
                     "id_filiere", "cours_id", "id_cours", "module_id", "id_module"),
    "session_id": ("session_ecoin_id", "session_ecoins_id", "id_session_ecoin", "session_id",
                   "id_session", "groupe_id", "id_groupe", "promotion_id", "id_promotion"),
    "created_at": ("created_at", "date_creation", "date_inscription", "date_ajout"),
    "completed_at": ("completed_at", "date_fin_formation", "date_obtention", "date_fin"),
    "archived_at": ("date_archive", "date_archivage", "archived_at", "archive_le", "date_archived"),
    **_DELETED,
}  # fmt: skip

ACCEPTED: dict[str, dict[str, tuple[str, ...]]] = {
    "stagiaires": {"id": ("id", "id_stagiaire", "stagiaire_id"), **_LEARNER},
    # `stagiaire_id` there refers to a learner, never to the archived row itself.
    "archives": {"id": ("id", "id_archive", "archive_id"), **_LEARNER},
    "formations": {
        "id": ("id", "id_formation", "formation_id"),
        "name": ("nom", "name", "intitule", "titre", "title", "libelle", "designation",
                 "nom_formation", "formation", "filiere", "specialite", "label"),
        **_DELETED,
    },
    "session_ecoins": {
        "id": ("id", "id_session_ecoin", "session_ecoin_id", "id_session", "session_id"),
        "code": ("code", "code_session", "reference", "ref", "nom", "name", "titre", "libelle",
                 "intitule", "designation", "session", "numero"),
        "formation_id": ("formation_id", "id_formation", "formations_id", "course_id", "filiere_id",
                         "id_filiere", "cours_id", "id_cours", "module_id", "id_module"),
        "start_date": ("date_debut", "start_date", "debut", "date_start", "start", "date_session"),
        "end_date": ("date_fin", "end_date", "fin", "date_end", "end"),
        **_DELETED,
    },
}  # fmt: skip

TABLES = tuple(ACCEPTED)

# Without these a run cannot start; one field of each group is enough.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "stagiaires": (("id",), ("last_name", "full_name", "first_name")),
    "archives": (("id",), ("last_name", "full_name", "first_name")),
    "formations": (("id",), ("name",)),
    # Without a code, its course and its first day identify a session.
    "session_ecoins": (("id",), ("code", "start_date"), ("formation_id",)),
}

# What a FLOAT column may contain. It keeps some seven digits: any other field would be another number.
FROM_FLOAT = frozenset({"status", "deleted_at"})
